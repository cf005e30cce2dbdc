"""`kled kops scale-instance-group`."""

from datetime import timedelta

import click

from kled.cli.frame import names
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.frame.parameters import COUNT, DURATION
from kled.cli.kops.group_options import GROUP, MAX, MIN, NAME, look_up, store_group
from kled.errors import InvalidInput
from kled.operations.instance_group import interrupted_scaling
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
)
from kled.operations.instance_group.ends_of_scaling import ways_on
from kled.operations.instance_group.interrupted_scaling import AbandonScaling
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.instance_group.scaling_bounds import (
    bounds_meant,
    bounds_set,
    require_bounds,
)


@leaf(
    "scale-instance-group",
    examples=(
        "kled kops scale-instance-group --name=c.example.com --instance-group=nodes --size=5",
        "kled kops scale-instance-group --name=c.example.com --instance-group=nodes --max=8",
        "kled kops scale-instance-group --name=C --instance-group=nodes --size=2 --yes",
        "kled kops scale-instance-group --name=C --instance-group=nodes --abandon --yes",
    ),
    guards=ScaleInstanceGroup.guards,
)
@NAME
@GROUP
@click.option("--size", type=COUNT, metavar="N", help="Exactly this many: both bounds.")
@MIN
@MAX
@click.option("--yes", is_flag=True, help="Also do it: machines that go are drained before.")
@click.option(
    "--drain-timeout",
    type=DURATION,
    default="15m",
    show_default=True,
    help="How long draining a node may take.",
)
@click.option(
    "--force-unmanaged",
    is_flag=True,
    help="Evict unmanaged pods, too: no controller makes them again.",
)
@click.option("--abandon", is_flag=True, help="Give the group back what an interrupted run holds.")
def scale_instance_group(  # noqa: PLR0913 - one parameter per option
    call: Call,
    name: str | None,
    group: str,
    size: int | None,
    minimum: int | None,
    maximum: int | None,
    *,
    drain_timeout: timedelta,
    force_unmanaged: bool,
    abandon: bool,
    yes: bool,
) -> None:
    """Change how many machines an instance group has; with --yes wait until it has them.

    Machines that go are chosen, drained by eviction and deleted before the bounds are lowered, so
    that the cloud never ends one with pods on it.
    """
    if abandon:
        if (size, minimum, maximum) != (None, None, None):
            raise InvalidInput("--abandon", "takes no bounds: they stay as they are stored")
        give_up(call, name, group, yes=yes)
        return
    low, high = bounds_meant(size, minimum, maximum)
    cluster, whole_name, stored = look_up(call, name, group)
    require_bounds(stored, low, high)
    if yes:
        scale = ScaleInstanceGroup(
            cluster, whole_name, low, high, drain_timeout, force_unmanaged=force_unmanaged
        )
        execute(call, scale, then=f"kled kops validate-cluster --name={cluster}")
        return
    store_group(call, EditInstanceGroup(cluster, whole_name, bounds_set(low, high)), stored)


def give_up(call: Call, name: str | None, group: str, *, yes: bool) -> None:
    """Show what an interrupted scale-down holds; with `yes` end it, even for a lost group."""
    with call.session() as session:
        cluster = names.cluster(session, name, changes=True)
        begun = interrupted_scaling.of_group(session, cluster, group)
    if begun is None:
        call.say(f"no scale-down of {group} was interrupted")
    elif yes:
        execute(call, AbandonScaling(cluster))
    else:
        again = call.typed.again("kops scale-instance-group", name=cluster, yes=True)
        call.say(ways_on(cluster, begun), f"preview only; do it with: {again}")
