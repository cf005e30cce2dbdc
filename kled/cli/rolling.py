"""`kled kops rolling-update`."""

from typing import Any

import click

from kled.cli import meant
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.output import Column, show, show_value
from kled.cli.parameters import DURATION
from kled.models.rolling import Roll, RollingPlan
from kled.operations.roll_cluster import RollCluster

ROLLING = (
    Column("INSTANCE GROUP", "instance_group"),
    Column("STATUS", "status"),
    Column("NEED UPDATE", "need_update"),
    Column("READY", "ready"),
    Column("MIN", "min_size"),
    Column("TARGET", "target_size"),
    Column("MAX", "max_size"),
    Column("NODES", "nodes"),
)


@leaf(
    "rolling-update",
    examples=(
        "kled kops rolling-update --name=mycluster.example.com",
        "kled kops rolling-update --name=mycluster.example.com --yes",
        "kled kops rolling-update --name=c.example.com --instance-group=nodes --cloudonly --yes",
    ),
    mutates=True,
)
@click.option("--name", metavar="CLUSTER", help="The cluster; without it, the store's only one.")
@click.option("--yes", is_flag=True, help="Replace the machines.")
@click.option(
    "--instance-group", "groups", multiple=True, metavar="GROUP", help="Only these; repeatable."
)
@click.option(
    "--cloudonly", is_flag=True, help="Do not drain or validate; works without the Kubernetes API."
)
@click.option("--force", is_flag=True, help="Replace machines that need no update, too.")
@click.option("--control-plane-interval", type=DURATION, help="Pause after a control-plane node.")
@click.option("--node-interval", type=DURATION, help="Pause after a worker node.")
@click.option("--bastion-interval", type=DURATION, help="Pause after a bastion.")
@click.option("--drain-timeout", type=DURATION, help="How long draining a node may take.")
@click.option("--validation-timeout", type=DURATION, help="How long validation may take.")
@click.option("--post-drain-delay", type=DURATION, help="Pause after draining a node.")
@click.option(
    "--validate-count", type=click.IntRange(0), help="How often the cluster must validate in a row."
)
def rolling_update(
    call: Call,
    /,
    name: str | None,
    groups: tuple[str, ...],
    *,
    yes: bool,
    **options: Any,  # noqa: ANN401 - the options of the same names, each with its own type
) -> None:
    """Show which machines need to be replaced; with --yes replace them one after the other."""
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=yes)
        these = (meant.instance_group(call, session, cluster, group) for group in groups)
        roll = Roll(instance_groups=tuple(these), **options)
        plan = None if yes else session.kops.rolling_update_preview(cluster, roll)
    if plan is None:
        then = f"kled kops validate-cluster --name={cluster}"
        execute(call, RollCluster(cluster, roll), then=then)
        return
    _show(call, plan)
    if not plan.is_empty or roll.force:
        call.say("preview only; the same command with --yes replaces the machines")


def _show(call: Call, plan: RollingPlan) -> None:
    if call.settings.output != "table":
        show_value(plan.as_json(), call.settings.output)
        return
    show([row.as_json() for row in plan.rows], ROLLING, "table")
    waiting = sum(row.need_update for row in plan.rows)
    call.say(f"{waiting} machines need to be replaced" if waiting else "no machine needs an update")
