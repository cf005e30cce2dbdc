"""Change the stored definition of an instance group; the cloud follows with update-cluster."""

from collections.abc import Callable
from dataclasses import dataclass

from kled.errors import InstanceGroupNotFound
from kled.kops.facts import control_plane, size_bounds
from kled.kops.fields import fixed_fields, own_labels
from kled.kops.fields.unknown_fields import holds_any
from kled.models.definition import Definition, object_name
from kled.operations import ways_back
from kled.operations.cluster.edit_step import edit_step
from kled.operations.cluster.edited_text import (
    require_newest,
    require_unchanged,
    require_whole,
    with_counted,
)
from kled.operations.cluster.field_names import require_names
from kled.operations.cluster.kept_fields import require_known_fields
from kled.operations.guards.control_plane import require_edit
from kled.operations.guards.guards import MOVES
from kled.operations.identity import etcd_zones
from kled.operations.instance_group.edited_group import Document, changes, parse, to_yaml
from kled.operations.session import Session
from kled.operations.step import Step


@dataclass(frozen=True, slots=True)
class EditInstanceGroup:
    """Set and unset fields by their paths, for example `spec.maxSize=4` and `spec.taints`."""

    cluster: str
    instance_group: str
    sets: tuple[str, ...] = ()
    unsets: tuple[str, ...] = ()

    name = "edit instance group"
    guards = MOVES

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def change(session: Session, stored: Document) -> tuple[str, ...]:
            fixed_fields.refuse_sets(stored, fixed_fields.OF_A_GROUP, self.sets, self.unsets)
            edited = control_plane.edited(stored, self.sets, self.unsets)
            require_edit(self.cluster, stored, edited)
            size_bounds.refuse_changes(stored, edited)
            own_labels.refuse_sets("InstanceGroup", stored, self.sets)
            etcd_zones.require_group_sets(session, self.cluster, stored, self.sets, self.unsets)
            unknown = require_known_fields(
                session, self.cluster, self.instance_group, stored, self.unsets
            )
            unsets = tuple(path for path in self.unsets if not holds_any(path, unknown))
            if self.sets or unsets:
                session.kops.instance_groups.edit(
                    self.cluster, self.instance_group, stored=stored, set=self.sets, unset=unsets
                )
            else:  # kops knows no such path to unset, and drops it where it writes the group
                session.kops.definition.store(to_yaml(stored))
            return unknown

        return (_step(self.cluster, self.instance_group, change),)


@dataclass(frozen=True, slots=True)
class StoreInstanceGroup:
    """Store an edited text as the group's definition."""

    cluster: str
    instance_group: str
    text: str
    seen: Document | None = None
    """What was stored when the editing began; None stores the text over any definition."""

    name = "edit instance group"
    guards = MOVES

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""

        def change(session: Session, stored: Document) -> tuple[str, ...]:
            edited = parse(self.text, stored)
            if edited is None or not changes(stored, edited):
                return ()
            require_names(session, "InstanceGroup", stored, edited)
            require_edit(self.cluster, stored, edited)
            size_bounds.refuse_changes(stored, edited)
            own_labels.refuse_changes("InstanceGroup", stored, edited)
            etcd_zones.require_group(session, self.cluster, stored, edited)
            require_known_fields(session, self.cluster, self.instance_group, stored)
            require_unchanged(self.seen, stored)
            require_newest(edited, stored)
            edited = with_counted(edited, stored)
            session.kops.instance_groups.store_edited(
                self.cluster, self.instance_group, to_yaml(edited)
            )
            now = stored_group(session, self.cluster, self.instance_group)
            named = {"name": self.cluster, "instance_group": self.instance_group}
            back = ways_back.of_edit(session, "InstanceGroup", named, stored, now)
            require_whole(edited, now, back)
            return ()

        return (_step(self.cluster, self.instance_group, change),)


def stored_group(session: Session, cluster: str, name: str) -> Document:
    """Return the group's stored object; raise `InstanceGroupNotFound`."""
    return group_in(session.kops.definition.get(cluster), name)


def group_in(definition: Definition, name: str) -> Document:
    """Return the group's object; raise `InstanceGroupNotFound`."""
    for group in definition.groups:
        if object_name(group) == name:
            return group
    raise InstanceGroupNotFound(
        f'instance group "{name}" of cluster "{definition.name}" not found',
        hint=f"the groups are {', '.join(definition.group_names)}",
    )


def _step(cluster: str, group: str, change: Callable[[Session, Document], tuple[str, ...]]) -> Step:
    """Return the step that makes `change` to the stored group."""

    def read(session: Session) -> Document:
        return stored_group(session, cluster, group)

    return edit_step("InstanceGroup", {"name": cluster, "instance_group": group}, read, change)
