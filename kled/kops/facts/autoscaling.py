"""Holding back an autoscaling group on AWS, so that it replaces nothing (spec.suspendProcesses).

kops hands the names to SuspendProcesses and resumes those that are no longer listed (capture help
and docs/instance_groups: `suspendProcesses`). A group that may not launch keeps a smaller number of
machines, until its bounds are lowered to it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

HELD: Final = ("Launch", "AZRebalance")
"""Neither launched anew, nor moved between zones meanwhile."""


def suspended(group: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a stored group suspends."""
    spec: Any = group.get("spec") or {}
    return tuple(str(process) for process in spec.get("suspendProcesses") or ())


def resized(
    group: Mapping[str, Any], minimum: int, maximum: int, processes: Sequence[str]
) -> dict[str, Any]:
    """Return a stored group with these bounds, and just these processes suspended.

    The whole object is stored, since `--set` makes lists longer and never shorter. A bound that is
    not set, and that kops would make the same, stays so.
    """
    spec = dict(group.get("spec") or {})
    for field, size in (("minSize", minimum), ("maxSize", maximum)):
        if spec.get(field) is not None or size != _default(group):
            spec[field] = size
    spec.pop("suspendProcesses", None)
    if processes:
        spec["suspendProcesses"] = list(processes)
    return {**group, "spec": spec}


def bounds(group: Mapping[str, Any]) -> tuple[int, int]:
    """Return minSize and maxSize of a stored group, kops' default where one is not set."""
    spec: Any = group.get("spec") or {}
    low, high = spec.get("minSize"), spec.get("maxSize")
    default = _default(group)
    return default if low is None else int(low), default if high is None else int(high)


def _default(group: Mapping[str, Any]) -> int:
    """Return kops' default for both bounds (kops 1.36.2, populate_instancegroup_spec.go)."""
    spec: Any = group.get("spec") or {}
    return 1 if spec.get("role") in {"Master", "ControlPlane", "Bastion"} else 2
