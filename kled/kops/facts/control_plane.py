"""What an edit or a plan takes from a cluster's control plane, whose machines hold etcd. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kled.kops.facts import plan_effects
from kled.kops.facts.cloud_names import group_of
from kled.kops.fields import set_paths
from kled.models.cluster import InstanceGroup
from kled.models.plan import Plan

Document = Mapping[str, Any]
_ROLES: Final = frozenset({"Master", "ControlPlane"})
_ONE: Final = 1
"""What kops takes for a control plane's bounds that are not given."""
_HALF: Final = 1 << 31
"""Bounds are int32 in kops, and `--set` converts without asking (`reflectutils/access.go`)."""
_BOUNDS: Final = ("minSize", "maxSize")


def is_control_plane(group: Document) -> bool:
    """Whether a stored instance group is control plane."""
    return _spec(group).get("role") in _ROLES


def edited(group: Document, sets: Iterable[str], unsets: Iterable[str]) -> Document:
    """Return the group with the bounds that `--set` and `--unset` give it; other fields stay."""
    spec = dict(_spec(group))
    for text in sets:
        path, value = set_paths.assignment(text)
        if path[:1] == ("spec",) and path[1:] in {(bound,) for bound in _BOUNDS}:
            spec[path[1]] = value.strip()
    for text in unsets:
        path = set_paths.path_of(text)
        if path[:1] == ("spec",) and path[1:] in {(bound,) for bound in _BOUNDS}:
            spec.pop(path[1], None)
    return {**group, "spec": spec}


def loss(before: Document, after: Document) -> str | None:
    """Say how an edit would take machines from a control plane's group; None where it does not.

    Only its greatest number ends machines; a least number of 0 lets an autoscaler end the last.
    """
    if not is_control_plane(before):
        return None
    greatest = _bound(before, "maxSize"), _bound(after, "maxSize")
    least = _bound(before, "minSize"), _bound(after, "minSize")
    if greatest[1] < greatest[0]:
        return f"spec.maxSize: {greatest[0]} -> {greatest[1]}"
    if least[1] <= 0 < least[0]:
        return f"spec.minSize: {least[0]} -> {least[1]}"
    return None


def lost(plan: Plan, groups: Iterable[InstanceGroup]) -> tuple[str, ...]:
    """Name the control plane's groups that would have fewer machines when a plan is applied."""
    roles = {group.name: group.role for group in groups}
    return tuple(
        f"{change.kind}/{change.name} ({field}: {change.fields[field]})"
        for change, field in plan_effects.shrinking(plan)
        if roles.get(group_of(change.name, roles, plan.cluster) or "") == "control-plane"
    )


def is_etcd_member(cluster: Document, group: str) -> bool:
    """Whether the cluster's definition keeps a member of etcd on a group's machines."""
    etcds = _spec(cluster).get("etcdClusters")
    for etcd in etcds if isinstance(etcds, list) else ():
        members = etcd.get("etcdMembers") if isinstance(etcd, Mapping) else None
        for member in members if isinstance(members, list) else ():
            if isinstance(member, Mapping) and member.get("instanceGroup") == group:
                return True
    return False


def _bound(group: Document, name: str) -> int:
    """Return a bound as kops stores it: `--set` cuts a number to 32 bits, so 4294967296 is 0."""
    value = _spec(group).get(name)
    try:
        number = int(value) if value is not None else _ONE
    except (TypeError, ValueError):
        return _ONE  # kops refuses it with its own words
    return (number + _HALF) % (2 * _HALF) - _HALF


def _spec(document: Document) -> Mapping[str, Any]:
    spec = document.get("spec")
    return spec if isinstance(spec, Mapping) else {}
