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
    return tuple(str(one) for one in spec.get("suspendProcesses") or ())


def resized(
    group: Mapping[str, Any], minimum: int, maximum: int, processes: Sequence[str]
) -> dict[str, Any]:
    """Return a stored group with these bounds, and just these processes suspended.

    The whole object is stored, since `--set` makes lists longer and never shorter.
    """
    spec = {**(group.get("spec") or {}), "minSize": minimum, "maxSize": maximum}
    spec.pop("suspendProcesses", None)
    if processes:
        spec["suspendProcesses"] = list(processes)
    return {**group, "spec": spec}


def bounds(group: Mapping[str, Any]) -> tuple[int, int]:
    """Return minSize and maxSize of a stored group; kops' default is 1 each."""
    spec: Any = group.get("spec") or {}
    return int(spec.get("minSize", 1)), int(spec.get("maxSize", 1))
