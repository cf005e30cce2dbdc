"""`kled kops edit-instance-group`."""

from pathlib import Path

import click

from kled.cli.frame.command import Call, leaf
from kled.cli.kops.group_options import GROUP, MAX, MIN, NAME, look_up, store_group
from kled.cli.terminal.edited_text import FILE, from_file, in_editor
from kled.errors import InvalidInput
from kled.kops.fields.flags import require_text
from kled.operations.cluster.kept_fields import require_known_fields
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
)
from kled.operations.instance_group.edited_group import Document
from kled.operations.instance_group.scaling_bounds import (
    bounds_set,
    require_bounds,
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
@NAME
@GROUP
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
@MIN
@MAX
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
    cluster, whole_name, stored = look_up(call, name, group)
    require_bounds(stored, minimum, maximum)
    if wanted or unsets:
        with call.session() as session:  # a wrong name needs neither lease nor snapshot
            session.kops.fields.flags("InstanceGroup", wanted, (), stored=stored)
        store_group(call, EditInstanceGroup(cluster, whole_name, wanted, unsets), stored)
    elif file is not None:
        store_group(call, StoreInstanceGroup(cluster, whole_name, from_file(file, stored)), stored)
    else:
        _edit(call, cluster, whole_name, stored)


def _edit(call: Call, cluster: str, group: str, stored: Document) -> None:
    with call.session() as session:
        require_known_fields(session, cluster, group, stored)  # before anybody edits in vain

    def store(text: str) -> None:
        store_group(call, StoreInstanceGroup(cluster, group, text, stored), stored)

    named = {"name": cluster, "instance_group": group}
    in_editor(call, stored, store, command="edit-instance-group", **named)
