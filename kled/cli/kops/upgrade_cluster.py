"""`kled kops upgrade-cluster`."""

from dataclasses import replace

import click

from kled.cli.frame import cluster_name, names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.plan import show_plan
from kled.operations.cluster.upgrade_cluster import NO_UPGRADE, UpgradeCluster, new_version
from kled.operations.preview.preview_change import preview_upgrade

_NAME = cluster_name.name(cluster_name.WITH_YES)


@leaf(
    "upgrade-cluster",
    examples=(
        "kled kops upgrade-cluster --name=c.example.com",
        "kled kops upgrade-cluster --name=c.example.com --kubernetes-version=1.36.1 --yes",
    ),
    guards=UpgradeCluster.guards,
)
@_NAME
@click.option(
    "--kubernetes-version", metavar="X.Y.Z", help="Kubernetes version [default: the channel's]."
)
@click.option(
    "--channel",
    metavar="CHANNEL",
    help="Channel with default versions and images [default: the cluster's].",
)
@click.option(
    "--skip-minor-versions",
    is_flag=True,
    help="Go over minor versions, which Kubernetes does not support.",
)
@click.option(
    "--give-up",
    multiple=True,
    metavar="PATH",
    help="A field that this kops does not know and may drop; repeatable.",
)
@click.option("--yes", is_flag=True, help="Store the newer versions.")
def upgrade_cluster(  # noqa: PLR0913 - one parameter per option
    call: Call,
    name: str | None,
    kubernetes_version: str | None,
    channel: str | None,
    *,
    skip_minor_versions: bool,
    give_up: tuple[str, ...],
    yes: bool,
) -> None:
    """Show newer versions for a cluster's definition; with --yes store them.

    A version that is none, a downgrade, one that skips a minor version and one that this kops does
    not serve are refused before anything is stored.
    """
    wish = UpgradeCluster(name or "", kubernetes_version, channel, skip_minor_versions, give_up)
    with call.session() as session:
        wish = replace(wish, cluster=names.cluster(session, name, changes=yes))
        plan = None if yes else preview_upgrade(session.looking(), wish, now=True)
    if plan is None:
        if execute(call, wish).rows[-1].words != NO_UPGRADE:
            call.say(f"next: kled kops update-cluster --name={wish.cluster}")
        return
    show_plan(call, plan)
    if not plan.is_empty:
        version = kubernetes_version or new_version(plan)  # whatever the channel says by then
        again = call.typed.again(
            "kops upgrade-cluster", name=wish.cluster, kubernetes_version=version, yes=True
        )
        call.say(f"preview only; store with: {again}")
