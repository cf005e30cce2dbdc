"""What list commands share: rows of one cluster, or of every cluster."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call
from kled.cli.terminal.output import Column, show

if TYPE_CHECKING:
    from kled.operations.fleet.each_cluster import FleetRows, ListedFields

NAME = cluster_name.name(cluster_name.ALL)


def show_each(
    call: Call, name: str | None, columns: Sequence[Column], listing: "ListedFields"
) -> None:
    """Show one cluster's rows, or those of all clusters with a column for the cluster."""
    from kled.operations.fleet.each_cluster import each_cluster  # noqa: PLC0415 - not for --help

    with call.session() as session:
        listed = each_cluster(session, name, listing)
    is_single = listed.clusters == 1
    show_rows(call, listed, columns if is_single else (Column("CLUSTER", "cluster"), *columns))


def show_rows(call: Call, listed: "FleetRows", columns: Sequence[Column]) -> None:
    """Show the rows, then a line for each problem; raise where a cluster could not be read."""
    show(listed.rows, columns, call.settings.output)
    for line in listed.lines:
        call.say(line)
    listed.require()
