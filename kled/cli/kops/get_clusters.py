"""`kled kops get-clusters`."""

from typing import Final

import click

from kled.cli.frame.command import Call, leaf
from kled.cli.kops.listing import show_rows
from kled.cli.terminal.definition import show_definition
from kled.cli.terminal.output import Column

CLUSTERS = (
    Column("NAME", "name"),
    Column("CLOUD", "cloud"),
    Column("ZONES", "zones"),
    Column("KUBERNETES", "kubernetes_version"),
)
_FIRST: Final = "create one with: kled kops create-cluster --name=NAME --zones=ZONE"


@leaf(
    "get-clusters",
    examples=(
        "kled kops get-clusters --state=s3://acme-kops-state",
        "kled kops get-clusters -o json",
    ),
)
@click.option(
    "--name", metavar="CLUSTER", help="Only this cluster; yaml and json are its definition."
)
def get_clusters(call: Call, name: str | None) -> None:
    """List the clusters of the state store; with --name show one.

    A cluster that kops cannot load is listed with the reason, and the exit status is 1.
    """
    from kled.operations.fleet.each_cluster import clusters  # noqa: PLC0415 - not for --help

    with call.session() as session:
        if name is not None and call.settings.output != "table":
            show_definition(call, session.kops.definition.get(name), call.settings.output)
            return
        listed = clusters(session, name)
        if not listed.rows:
            from kled.operations.guards.lost_cluster import say_lost  # noqa: PLC0415 - rarely

            call.say(f"no clusters; {say_lost(session) or _FIRST}")
    show_rows(call, listed, CLUSTERS)
