"""`edit-instance-group` and `scale-instance-group`."""

from datetime import timedelta
from pathlib import Path

import click

from kled.cli import cluster_name, meant
from kled.cli.edited_text import FILE, from_file, in_editor
from kled.cli.execute import execute
from kled.cli.leaf import Call, leaf
from kled.cli.parameters import COUNT, DURATION
from kled.errors import InvalidInput
from kled.kops.fields.flags import require_text
from kled.operations.cluster.kept_fields import require_known_fields
from kled.operations.instance_group import interrupted_scaling
from kled.operations.instance_group.edit_instance_group import (
    NO_CHANGE,
    EditInstanceGroup,
    StoreInstanceGroup,
    stored_group,
)
from kled.operations.instance_group.edited_group import Document
from kled.operations.instance_group.giving_back import ways_on
from kled.operations.instance_group.interrupted_scaling import AbandonScaling
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.instance_group.scaling_bounds import (
    bounds_meant,
    bounds_set,
    following,
    require_bounds,
)

_NAME = cluster_name.name(cluster_name.ALWAYS)
_GROUP = click.option(
    "--instance-group",
    "group",
    metavar="GROUP",
    required=True,
    help="The group, or the start of its name: nodes for nodes-us-east-1a.",
)
_MIN = click.option("--min", "minimum", type=COUNT, metavar="N", help="Least number of machines.")
_MAX = click.option(
    "--max", "maximum", type=COUNT, metavar="N", help="Greatest number of machines."
)


@leaf(
    "edit-instance-group",
    examples=(
        "kled kops edit-instance-group --name=c.example.com --instance-group=nodes",
        "kled kops edit-instance-group --name=c.example.com --instance-group=nodes --max=5",
        "kled kops edit-instance-group --name=C --instance-group=nodes --unset=spec.taints",
    ),
    guards=EditInstanceGroup.guards,
)
@_NAME
@_GROUP
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="A field as the definition names it, spec.rootVolumeSize=60 or spec.nodeLabels.KEY=x;"
    " get-clusters --name=CLUSTER -o yaml shows the definition; repeatable.",
)
@click.option(
    "--unset", "unsets", multiple=True, metavar="PATH", help="A field to leave out; repeatable."
)
@_MIN
@_MAX
@FILE
def edit_instance_group(  # noqa: PLR0913 - one parameter per option
    call: Call,
    name: str | None,
    group: str,
    *,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    minimum: int | None,
    maximum: int | None,
    file: Path | None,
) -> None:
    """Change an instance group's definition: by options, or in $VISUAL or $EDITOR.

    The text is checked before it is stored, by kled and by kops; an edit that is refused is kept.
    """
    wanted = (*sets, *bounds_set(minimum, maximum))
    if file is not None and (wanted or unsets):
        raise InvalidInput("--file", "cannot be combined with --set, --unset, --min and --max")
    require_text("InstanceGroup", sets, unsets)
    cluster, found, stored = _looked_up(call, name, group)
    require_bounds(stored, minimum, maximum)
    if wanted or unsets:
        with call.session() as session:  # a name that is none needs neither lease nor snapshot
            session.kops.field_flags("InstanceGroup", wanted, (), stored=stored)
        _store(call, EditInstanceGroup(cluster, found, wanted, unsets), stored)
    elif file is not None:
        _store(call, StoreInstanceGroup(cluster, found, from_file(file, stored)), stored)
    else:
        _edit(call, cluster, found, stored)


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
@_NAME
@_GROUP
@click.option("--size", type=COUNT, metavar="N", help="Exactly this many: both bounds.")
@_MIN
@_MAX
@click.option("--yes", is_flag=True, help="Also do it: machines that go are drained before.")
@click.option(
    "--drain-timeout",
    type=DURATION,
    default="15m",
    show_default=True,
    help="How long a node may drain.",
)
@click.option("--force-unmanaged", is_flag=True, help="Evict pods that nothing makes anew, too.")
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
        _abandon(call, name, group, yes=yes)
        return
    low, high = bounds_meant(size, minimum, maximum)
    cluster, found, stored = _looked_up(call, name, group)
    require_bounds(stored, low, high)
    if yes:
        scale = ScaleInstanceGroup(
            cluster, found, low, high, drain_timeout, force_unmanaged=force_unmanaged
        )
        execute(call, scale, then=f"kled kops validate-cluster --name={cluster}")
        return
    _store(call, EditInstanceGroup(cluster, found, bounds_set(low, high)), stored)


def _abandon(call: Call, name: str | None, group: str, *, yes: bool) -> None:
    """Show what an interrupted scale-down holds; with `yes` end it. The group may be gone."""
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=True)
        begun = interrupted_scaling.of_group(session, cluster, group)
    if begun is None:
        call.say(f"no scale-down of {group} was interrupted")
    elif yes:
        execute(call, AbandonScaling(cluster))
    else:
        call.say(ways_on(cluster, begun))


def _looked_up(call: Call, name: str | None, group: str) -> tuple[str, str, Document]:
    with call.session() as session:
        cluster = meant.cluster(session, name, changes=True)
        found = meant.instance_group(call, session, cluster, group)
        return cluster, found, stored_group(session, cluster, found)


def _store(call: Call, operation: EditInstanceGroup | StoreInstanceGroup, before: Document) -> None:
    report = execute(call, operation)
    if report.rows[-1].words == NO_CHANGE:
        return
    with call.session() as session:
        after = stored_group(session, operation.cluster, operation.instance_group)
    call.say(f"next: {following(operation.cluster, before, after)}")


def _edit(call: Call, cluster: str, group: str, stored: Document) -> None:
    with call.session() as session:
        require_known_fields(session, cluster, group, stored)  # before anybody edits in vain

    def store(text: str) -> None:
        _store(call, StoreInstanceGroup(cluster, group, text, stored), stored)

    named = {"name": cluster, "instance_group": group}
    in_editor(call, stored, store, command="edit-instance-group", **named)
