"""What the cloud has of a cluster: what `kops delete cluster` lists, without `--yes`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kled.errors import OutputUnreadable
from kled.kops.client import Kops
from kled.kops.facts import neighbours
from kled.kops.facts.cloud_names import group_of
from kled.kops.facts.plan_effects import LISTED_MACHINES
from kled.kops.state_store import contents, layout
from kled.kops.state_store.locations import Home
from kled.models.cluster import Role
from kled.models.definition import Definition
from kled.models.plan import Change
from kled.recovery.evidence import CloudLeft

_ROLES: Final[Mapping[str, Role]] = {
    "APIServer": "apiserver",
    "Bastion": "bastion",
    "Node": "node",
    **dict.fromkeys(contents.CONTROL_PLANE_ROLES, "control-plane"),
}
_GROUPS: Final = frozenset({"autoscaling-group", "InstanceGroupManager", "VMScaleSet"})
"""Of what is listed as machines those that only launch them."""


def look_at_cloud(kops: Kops, objects: Mapping[str, bytes], cluster: str, whose: str) -> CloudLeft:
    """Return what the cloud has of the cluster, by the definition among `objects`. Only reads.

    The definition is put into a scratch state store, so that it works where the state store is
    gone; `whose` it is stands in the result. Others' resources that kops finds by a part of the
    name are left out. Raises what kops raises, and `OutputUnreadable` where nothing tells to which
    group a machine belongs.
    """
    definition = Definition(contents.mapping(objects.get(layout.CONFIG, b"")) or {}, ())
    listed = kops.cluster.preview_delete_unstored(definition).changes
    own = [change for change in _own(definition, listed) if change.kind != "definition"]
    counts = dict(sorted(Counter(change.kind for change in own).items()))
    if not own:
        return CloudLeft("nothing", counts, (), whose)
    roles = {name: _role(group) for name, group in contents.groups(objects).items()}
    names = {group_of(change.name, roles, cluster) for change in own if _is_of_group(change)}
    groups = tuple(sorted(filter(None, names)))
    has_one = _has_control_plane(own, roles, cluster)
    return CloudLeft("machines" if has_one else "no-control-plane", counts, groups, whose)


def _is_of_group(change: Change) -> bool:
    return change.kind in LISTED_MACHINES


def _role(group: Mapping[str, Any]) -> Role:
    spec = group.get("spec")
    return _ROLES.get(str(spec.get("role")) if isinstance(spec, Mapping) else "", "unknown")


def _own(definition: Definition, listed: Sequence[Change]) -> list[Change]:
    home = Home("", definition.name, definition.cluster)
    cloud, regions = neighbours.cloud_of(home), neighbours.regions_of(home)
    others = {
        (taken.kind, taken.name)
        for taken in neighbours.taken(definition.name, cloud, regions, listed, ())
    }
    return [change for change in listed if (change.kind, change.name) not in others]


def _has_control_plane(own: Sequence[Change], roles: Mapping[str, Role], cluster: str) -> bool:
    machines = [
        change for change in own if change.kind in LISTED_MACHINES and change.kind not in _GROUPS
    ]
    groups = [group_of(change.name, roles, cluster) for change in machines]
    if any(group is not None and roles[group] == "control-plane" for group in groups):
        return True
    if None in groups:
        raise OutputUnreadable(
            f"the cloud has {machines[groups.index(None)].name}, and its name does not tell whether"
            " it is of the control plane",
            hint="look for machines of the control plane in the cloud's console",
        )
    return False
