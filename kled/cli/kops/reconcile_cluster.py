"""`kled kops reconcile-cluster`."""

import click

from kled.cli.frame import cluster_name, names, parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.plan import show_plan
from kled.operations.cluster.plan_update import plan_reconciling
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.records.approved_plan import Approved

_NAME = cluster_name.name(cluster_name.WITH_YES)


@leaf(
    "reconcile-cluster",
    examples=(
        "kled kops reconcile-cluster --name=c.example.com",
        "kled kops reconcile-cluster --name=c.example.com --yes",
        "kled kops reconcile-cluster --name=c.example.com --yes --digest=0b5a6a4f9c1e",
    ),
    guards=ReconcileCluster.guards,
)
@_NAME
@click.option("--yes", is_flag=True, help="Apply the changes and roll the machines.")
@click.option(
    "--digest",
    metavar="HEX",
    callback=parameters.digest,
    help="Apply only the plan that a preview showed.",
)
def reconcile_cluster(call: Call, name: str | None, digest: str | None, *, yes: bool) -> None:
    """Show what would change; with --yes update and roll, control plane first."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=yes)
        reconciling = ReconcileCluster(cluster, Approved(digest) if digest else None)
        shown = None if yes else plan_reconciling(session.looking(), reconciling, now=True)
    if shown is None:
        execute(call, reconciling, then=f"kled kops validate-cluster --name={cluster}")
        return
    plan, radius = shown
    show_plan(call, plan, radius)
    if not plan.is_empty:
        again = call.typed.again(
            "kops reconcile-cluster", name=cluster, yes=True, digest=plan.digest[:12]
        )
        call.say(f"preview only; apply with: {again}")
