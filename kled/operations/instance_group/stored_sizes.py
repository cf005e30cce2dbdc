"""The bounds and the suspended processes of a group: reading, storing and applying them."""

from typing import Final

from kled.kops import parse
from kled.kops.facts import autoscaling, plan_effects
from kled.models.cluster import Role
from kled.models.definition import Definition, object_name
from kled.operations.cluster import apply_changes
from kled.operations.cluster.kept_fields import require_known_fields
from kled.operations.instance_group import nothing_else
from kled.operations.instance_group.edit_instance_group import group_in
from kled.operations.instance_group.edited_group import Document, to_yaml
from kled.operations.records import scale_journal
from kled.operations.session import Session
from kled.sentences import number

SO_ALREADY: Final = "it is so already"


class StoredSizes:
    """The sizes of one instance group, in the state store and, after each change, in the cloud."""

    def __init__(self, session: Session, cluster: str, instance_group: str) -> None:
        self._session = session
        self._cluster = cluster
        self._group = instance_group
        self._defined: Definition | None = None
        self.applied_before: tuple[int, int] | None = None
        """The bounds that the cloud had before the update; None: none was about to be made."""

    def definition(self) -> Definition:
        """Return the stored definition, read once between two of our changes."""
        self._defined = self._defined or self._session.kops.definition.get(self._cluster)
        return self._defined

    def document(self) -> Document:
        """Return the group's stored object; raise `InstanceGroupNotFound`."""
        return group_in(self.definition(), self._group)

    def bounds(self) -> tuple[int, int]:
        """Return the least and the greatest number of machines, kops' default where unset."""
        return autoscaling.bounds(self.document())

    def suspended(self) -> tuple[str, ...]:
        """Return the processes that the group suspends."""
        return autoscaling.suspended(self.document())

    def _roles(self) -> dict[str, Role]:
        groups = self.definition().groups
        return {object_name(group): parse.group(group).role for group in groups}

    def store(self, low: int, high: int, processes: tuple[str, ...]) -> str:
        """Store these sizes and bring the cloud in line; does nothing where both are so already.

        Safe to repeat and to kill: kops writes the one object whole, and the next preview shows
        what a killed update has left. Raises `NotApproved` before the update where it would change
        anything else.
        """
        done, roles = [], self._roles()
        if (*self.bounds(), self.suspended()) != (low, high, processes):
            require_known_fields(self._session, self._cluster, self._group, self.document())
            text = to_yaml(autoscaling.resized(self.document(), low, high, processes))
            self._defined = None  # also where the call fails: it may have stored it
            self._session.kops.instance_groups.store_edited(self._cluster, self._group, text)
            held = f", {' and '.join(processes)} suspended" if processes else ""
            done.append(f"stored: {low} to {number(high, 'machine')}{held}")
        plan = self._session.kops.cluster.preview_update(self._cluster)
        if not plan.is_empty:
            self.applied_before = plan_effects.applied_bounds(plan, self._group, roles, (low, high))
            begun = scale_journal.read(self._session, self._cluster)
            nothing_else.require(plan, self._group, roles, begun)
            cleared = apply_changes.clear(self._session, plan, drained=self._group)
            apply_changes.update(self._session, cleared, agreed=True)  # to the bounds, at first
            done.append("updated")
        return "; ".join(done) or SO_ALREADY
