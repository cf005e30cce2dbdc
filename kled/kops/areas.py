"""Which area of a cluster a change of a plan is about: kops' kinds and names (captures 03, 31-33).

Kinds are those of kops' task packages; control planes are known by the names that kops gives them.
"""

import re
from typing import Final

from kled.models.plan import Change, Plan
from kled.rules import Area

_CONTROL_PLANE: Final = re.compile(
    r"(^|[-./])(masters?|control-plane|api|etcd|events|main)([-./]|$)"
)
_NETWORKING: Final = re.compile(
    r"VPC|Subnet|Route|Gateway|SecurityGroup|Firewall|Network|LoadBalancer|TargetGroup|DNS|"
    r"ForwardingRule|BackendService|ElasticIP|Address|DHCPOptions|Peering|Listener"
)
_IAM: Final = re.compile(r"IAM|RoleAssignment|ServiceAccount")
_MACHINES: Final = re.compile(
    r"LaunchTemplate|AutoscalingGroup|InstanceTemplate|InstanceGroupManager|VMScaleSet|Droplet|"
    r"ServerGroup|^Instance$|WarmPool|^Machines$"
)


def areas_of(change: Change) -> tuple[Area, ...]:
    """Return the areas that a change touches, in the order of `kled.rules.AREAS`."""
    found: list[Area] = []
    if change.action == "delete":
        found.append("deletions")
    if _CONTROL_PLANE.search(change.name):
        found.append("control-plane")
    if _NETWORKING.search(change.kind):
        found.append("networking")
    if _IAM.search(change.kind):
        found.append("iam")
    if _MACHINES.search(change.kind):
        found.append("machines")
    return tuple(found)


def touched(plan: Plan, asked: tuple[Area, ...]) -> dict[Area, tuple[str, ...]]:
    """Return which of the areas that are `asked` about a plan touches, and by which changes."""
    found: dict[Area, tuple[str, ...]] = {}
    for area in asked:
        names = [
            f"{one.action} {one.kind}/{one.name}" for one in plan.changes if area in areas_of(one)
        ]
        if names:
            found[area] = tuple(names)
    return found
