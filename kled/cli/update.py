"""`kled kops update-cluster`."""

import click

from kled.cli import meant
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.plan import show_plan
from kled.operations.update_cluster import UpdateCluster


@leaf(
    "update-cluster",
    examples=(
        "kled kops update-cluster --name=mycluster.example.com",
        "kled kops update-cluster --name=mycluster.example.com --yes",
    ),
    mutates=True,
)
@click.option("--name", metavar="CLUSTER", help="The cluster; without it, the store's only one.")
@click.option("--yes", is_flag=True, help="Apply the changes.")
def update_cluster(call: Call, name: str | None, *, yes: bool) -> None:
    """Show what would change in the cloud; with --yes apply it."""
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=yes)
        plan = None if yes else session.kops.update_preview(cluster)
    if plan is None:
        then = f"kled kops rolling-update --name={cluster}"
        execute(call, UpdateCluster(cluster), then=then)
        return
    show_plan(call, plan)
    if not plan.is_empty:
        call.say(f"preview only; apply with: kled kops update-cluster --name={cluster} --yes")
