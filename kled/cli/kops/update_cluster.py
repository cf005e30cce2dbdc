"""`kled kops update-cluster`."""

from datetime import timedelta

import click

from kled.cli.frame import cluster_name, names, parameters
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.terminal.plan import show_plan
from kled.models.rolling import Roll
from kled.operations.cluster.plan_update import plan_with_radius
from kled.operations.cluster.update_cluster import UpdateCluster, next_command, update_meant


@leaf(
    "update-cluster",
    examples=(
        "kled kops update-cluster --name=mycluster.example.com",
        "kled kops update-cluster --name=mycluster.example.com --yes",
        "kled kops update-cluster --name=c.example.com --digest=0b5a6a4f9c1e --roll --yes",
    ),
    guards=UpdateCluster.guards,
)
@cluster_name.name(cluster_name.WITH_YES)
@click.option("--yes", is_flag=True, help="Apply the changes.")
@click.option(
    "--digest",
    metavar="HEX",
    callback=parameters.digest,
    help="Apply only the plan that a preview showed.",
)
@click.option(
    "--roll", is_flag=True, help="Then replace the machines that need it, and wait for the cluster."
)
@click.option(
    "--wait",
    type=parameters.DURATION,
    help="Then wait so long until it validates [default: 30m with --roll, else not at all].",
)
def update_cluster(
    call: Call,
    name: str | None,
    digest: str | None,
    *,
    yes: bool,
    roll: bool,
    wait: timedelta | None,
) -> None:
    """Show what would change in the cloud; with --yes apply it."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=yes)
        update = update_meant(cluster, digest, Roll() if roll else None, wait)
        shown = None if yes else plan_with_radius(session.looking(), update, now=True)
    if shown is None:
        execute(call, update, then=lambda done: next_command(update, done, call.overrides))
        return
    plan, radius = shown
    show_plan(call, plan, radius)
    if not plan.is_empty:
        again = call.typed.again(
            "kops update-cluster", name=cluster, yes=True, digest=plan.digest[:12]
        )
        call.say(f"preview only; apply with: {again}")
