"""`upgrade-cluster` and `reconcile-cluster`."""

import click

from kled.cli import meant
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.plan import show_plan
from kled.operations.plan_update import identified, judged, touched
from kled.operations.reconcile_cluster import ReconcileCluster
from kled.operations.upgrade_cluster import UpgradeCluster

_NAME = click.option("--name", metavar="CLUSTER", help="The cluster; --yes needs it.")


@leaf(
    "upgrade-cluster",
    examples=(
        "kled kops upgrade-cluster --name=c.example.com",
        "kled kops upgrade-cluster --name=c.example.com --kubernetes-version=1.36.1 --yes",
    ),
    guards=UpgradeCluster.guards,
)
@_NAME
@click.option("--kubernetes-version", metavar="X.Y.Z", help="[default: the channel's]")
@click.option("--channel", metavar="CHANNEL", help="[default: the cluster's]")
@click.option("--yes", is_flag=True, help="Store the newer versions.")
def upgrade_cluster(
    call: Call,
    name: str | None,
    kubernetes_version: str | None,
    channel: str | None,
    *,
    yes: bool,
) -> None:
    """Show newer versions for a cluster's definition; with --yes store them."""
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=yes)
        plan = None
        if not yes:
            plan = session.kops.upgrade_preview(cluster, kubernetes_version, channel)
            plan = identified(session, plan)
    if plan is None:
        then = f"kled kops update-cluster --name={cluster}"
        execute(call, UpgradeCluster(cluster, kubernetes_version, channel), then=then)
        return
    show_plan(call, plan)
    if not plan.is_empty and not plan.refused:
        call.say(f"preview only; store with: kled kops upgrade-cluster --name={cluster} --yes")


@leaf(
    "reconcile-cluster",
    examples=(
        "kled kops reconcile-cluster --name=c.example.com",
        "kled kops reconcile-cluster --name=c.example.com --yes",
    ),
    guards=ReconcileCluster.guards,
)
@_NAME
@click.option("--yes", is_flag=True, help="Apply the changes and roll the machines.")
def reconcile_cluster(call: Call, name: str | None, *, yes: bool) -> None:
    """Show what would change; with --yes update and roll, control plane first."""
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=yes)
        plan = None if yes else judged(session, session.kops.reconcile_preview(cluster))
        radius = touched(session, plan) if plan else None
    if plan is None:
        then = f"kled kops validate-cluster --name={cluster}"
        execute(call, ReconcileCluster(cluster), then=then)
        return
    show_plan(call, plan, radius)
    if not plan.is_empty and not plan.refused:
        call.say(f"preview only; apply with: kled kops reconcile-cluster --name={cluster} --yes")
