"""Instance groups: their definitions, and how many machines they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kled.api.calls import Calls, checked
from kled.kops.fields.flags import require_text
from kled.kops.state_store.layout import require_cluster_name
from kled.models.cluster import InstanceGroup, Role
from kled.models.plan import Plan
from kled.operations.cluster.unreadable import listed_groups
from kled.operations.instance_group.create_delete import (
    CreateInstanceGroup,
    DeleteInstanceGroup,
    require_spare,
)
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
    stored_group,
)
from kled.operations.instance_group.interrupted_scaling import AbandonScaling
from kled.operations.instance_group.scale_instance_group import DRAIN, ScaleInstanceGroup
from kled.operations.instance_group.scaling_bounds import bounds_meant, bounds_set, require_bounds
from kled.operations.names import instance_group_meant
from kled.operations.preview.preview_change import preview_group_deletion
from kled.operations.preview.preview_scaling import PlanScaling
from kled.operations.runner import Report


@dataclass(frozen=True, slots=True)
class InstanceGroups:
    """A group is named whole, or by the start that no other one has: `nodes` of `nodes-fsn1`.

    Whoever deletes one names it whole. Raises `InstanceGroupNotFound` naming the groups there are.
    """

    _calls: Calls

    def list(self, cluster: str) -> tuple[InstanceGroup, ...]:
        """Return the groups of a cluster; one that kops cannot read says why in `problem`."""
        with self._calls.session() as session:
            return listed_groups(session, require_cluster_name(cluster))

    def create(
        self, cluster: str, group: str, *, subnets: Sequence[str], role: Role = "node"
    ) -> Report:
        """Add a group to the definition, with kops' defaults."""
        name = require_cluster_name(cluster)
        return self._calls.run(CreateInstanceGroup(name, group, tuple(subnets), role))

    def edit(
        self,
        cluster: str,
        group: str,
        *,
        sets: Sequence[str] = (),
        unsets: Sequence[str] = (),
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> Report:
        """Set fields (`spec.rootVolumeSize=60`) and bounds, and unset fields by their paths.

        Bounds are only stored, and an update that would end machines with the pods on them is
        refused then: `scale` drains them first. Raises `InvalidInput` for a field that is none.
        """
        require_text("InstanceGroup", sets, unsets)
        wanted = (*sets, *bounds_set(minimum, maximum))
        with self._calls.session() as session:
            meant = instance_group_meant(session, require_cluster_name(cluster), group)
            stored = stored_group(session, cluster, meant)
            require_bounds(stored, minimum, maximum)
            session.kops.fields.flags("InstanceGroup", wanted, (), stored=stored)
        return self._calls.run(EditInstanceGroup(cluster, meant, wanted, tuple(unsets)))

    def replace(self, cluster: str, group: str, text: str) -> Report:
        """Store a YAML or JSON text as the group's definition."""
        with self._calls.session() as session:
            meant = instance_group_meant(session, require_cluster_name(cluster), group)
        return self._calls.run(StoreInstanceGroup(cluster, meant, text))

    def plan_scaling(
        self,
        cluster: str,
        group: str,
        *,
        size: int | None = None,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> Plan:
        """Return which bounds the group would get; raises what the scaling would be refused with.

        Give either `size`, which is both bounds, or one or both of the others.
        """
        bounds = bounds_meant(size, minimum, maximum)
        planning = PlanScaling(require_cluster_name(cluster), group, *bounds)
        plan, _ = self._calls.run(planning).result
        return plan

    def scale(  # noqa: PLR0913 - a group, its bounds, and how it is drained
        self,
        cluster: str,
        group: str,
        *,
        size: int | None = None,
        minimum: int | None = None,
        maximum: int | None = None,
        drain_timeout: timedelta = DRAIN,
        force_unmanaged: bool = False,
        digest: str | None = None,
    ) -> Report:
        """Bring a group to its bounds, and wait until it has its machines.

        Machines that go are drained and deleted before the bounds are lowered. Raises
        `DrainBlocked` naming the pods, with the group as it was; run again after a kill it goes on.
        """
        low, high = bounds_meant(size, minimum, maximum)
        digest = None if digest is None else checked(digest)
        with self._calls.session() as session:
            meant = instance_group_meant(session, require_cluster_name(cluster), group)
            require_bounds(stored_group(session, cluster, meant), low, high)
        return self._calls.run(
            ScaleInstanceGroup(
                cluster,
                meant,
                low,
                high,
                drain_timeout,
                force_unmanaged=force_unmanaged,
                approved=digest,
            )
        )

    def abandon_scaling(self, cluster: str) -> Report:
        """Give the group back what an interrupted `scale` of the cluster holds; or nothing."""
        return self._calls.run(AbandonScaling(require_cluster_name(cluster)))

    def plan_deletion(self, cluster: str, group: str) -> Plan:
        """Return that the group would go, with what that would be refused with if confirmed."""
        with self._calls.session() as session:
            stored = session.kops.instance_groups.get(require_cluster_name(cluster), group)
            wish = DeleteInstanceGroup(cluster, stored.name, confirm=cluster)
            return self._calls.shown(preview_group_deletion(session.looking(), wish, now=True))

    def delete(self, cluster: str, group: str, *, confirm: str | None = None) -> Report:
        """Delete a group that has no machines any more: kops would end them undrained.

        Raises `NotApproved` where it has: `scale` it to 0 before, or override `no_drain`; and where
        a protected cluster is not named once more in `confirm`. Raises `DefinitionRejected` for a
        group without which kops changes nothing of the cluster.
        """
        with self._calls.session() as session:
            stored = session.kops.instance_groups.get(require_cluster_name(cluster), group)
            require_spare(session, cluster, stored.name)
        return self._calls.run(DeleteInstanceGroup(cluster, stored.name, confirm))
