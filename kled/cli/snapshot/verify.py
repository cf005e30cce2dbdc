"""`kled snapshot verify`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute_to_end
from kled.cli.snapshot.columns import WHICH
from kled.cli.terminal.output import Column, show, show_value
from kled.errors import InvalidInput
from kled.operations.snapshots.named_snapshots import named_snapshot
from kled.operations.snapshots.proved_level import require_level
from kled.operations.snapshots.verify import VerifySnapshots

_VERIFIED: Final = (
    Column("CLUSTER", "cluster"),
    Column("SNAPSHOT", "id"),
    Column("LEVEL", "level"),
    Column("TRUSTWORTHY", "trustworthy"),
    Column("SECONDS", "seconds"),
    Column("FINDINGS", "findings"),
)


@leaf(
    "verify",
    examples=(
        "kled snapshot verify --name=c.example.com",
        "kled snapshot verify --all --level=0",
        "kled snapshot verify --name=c.example.com --level=4      # opens the etcd backups, too",
    ),
    snapshots=True,
)
@cluster_name.name(cluster_name.ALL)
@click.option("--snapshot", metavar="ID", default="newest", help=WHICH)
@click.option("--all", "everything", is_flag=True, help="The newest snapshot of every cluster.")
@click.option(
    "--level",
    type=click.Choice(["0", "1", "2", "4"]),
    default="1",
    help="0 digests, 1 contents, 2 a kops reads it, 4 etcd backups open [default: 1].",
)
def verify(call: Call, name: str | None, snapshot: str, level: str, *, everything: bool) -> int:
    """Read snapshots back and prove them; exit 4 where one cannot be trusted."""
    if everything and name is not None:
        raise InvalidInput("--all", "takes every cluster: leave out --name")
    if name is None and snapshot != "newest":
        raise InvalidInput("--snapshot", "is one cluster's: name the cluster, too")
    call.stores.snapshots.require()
    only = None
    if not everything and name is not None:
        only = named_snapshot(call.stores, name, snapshot)
    operation = VerifySnapshots(int(level), only)
    report = execute_to_end(call, operation)
    _show_verified(call, operation, report.result.rows if report.result else ())
    require_level(report.require().result)
    return 0


def _show_verified(
    call: Call, operation: VerifySnapshots, rows: Sequence[Mapping[str, Any]]
) -> None:
    if call.settings.output == "table":
        if rows:  # where there is none, the error says all there is
            show([{**row, "findings": _remarks(row)} for row in rows], _VERIFIED, "table")
    elif operation.only is not None:
        show_value(rows[0] if rows else None, call.settings.output)
    else:
        show_value(list(rows), call.settings.output)


def _remarks(row: Mapping[str, Any]) -> str:
    return "; ".join([*row["findings"], *row["unproved"]])
