"""Which area of a cluster a change of a plan is about, by what kops calls things.

Kinds are those of kops' task packages and of its deletions (captures 02b, 07, 31-33). Which group
is control plane is said by the definition (`Plan.roles`), never by a group's name: people give
names such as `nodes-main` and `api-workers`.
"""

import re
from typing import Final

from kled.kops.facts.cloud_names import group_of
from kled.models.plan import Change, Plan
from kled.rules import Area

_NETWORKING: Final = re.compile(
    r"VPC|Subnet|Route|Gateway|SecurityGroup|Firewall|Network|LoadBalancer|TargetGroup|DNS|"
    r"ForwardingRule|BackendService|ElasticIP|Address|DHCPOptions|Peering|Listener"
)
_IAM: Final = re.compile(r"IAM|RoleAssignment|ServiceAccount")
_MACHINES: Final = re.compile(
    r"LaunchTemplate|AutoscalingGroup|InstanceTemplate|InstanceGroupManager|VMScaleSet|Droplet|"
    r"ServerGroup|^Instance$|WarmPool|^Machines$"
)
IDENTITY: Final = frozenset({"Keypair", "Secret"})
"""Tasks that make or reissue what a cluster is known by (`upup/pkg/fi/fitasks`)."""
ETCD_VOLUMES: Final = frozenset({"EBSVolume", "Disk", "Volume"})
"""Volumes that kops itself makes: for etcd alone (`pkg/model/master_volumes.go`)."""
_OF_A_GROUP: Final = re.compile(
    rf"{_MACHINES.pattern}|^AutoscalingLifecycleHook$|^instances?$|^autoscaling-(group|config)$"
)
_HOOK: Final = "-NTHLifecycleHook"
_NODEUP: Final = "nodeupconfig-"
_CONTROL_FILES: Final = ("manifests-etcdmanager-", "etcd-cluster-spec-", "manifests-static-")
_CONTROL_POLICIES: Final = frozenset({"master-policyoverride", "apiserver-policyoverride"})
_CONTROL_ROLES: Final = frozenset({"control-plane", "apiserver"})
_NAMED_AFTER: Final = ("masters", "apiservers", "api", "api-elb")
"""What kops calls the control plane's own roles, security groups and load balancers."""


def areas_of(change: Change, plan: Plan) -> tuple[Area, ...]:
    """Return the areas that a change of `plan` touches, in the order of `kled.rules.AREAS`.

    Machines of a group whose role the plan does not tell count as control plane.
    """
    areas: list[Area] = []
    if change.action == "delete":
        areas.append("deletions")
    if change.kind in IDENTITY:
        areas.append("identity")
    if _is_control_plane(change, plan):
        areas.append("control-plane")
    if _NETWORKING.search(change.kind):
        areas.append("networking")
    if _IAM.search(change.kind):
        areas.append("iam")
    if _MACHINES.search(change.kind):
        areas.append("machines")
    return tuple(areas)


def touched(plan: Plan, asked: tuple[Area, ...]) -> dict[Area, tuple[str, ...]]:
    """Return which of the areas that are `asked` about a plan touches, and by which changes."""
    touched: dict[Area, tuple[str, ...]] = {}
    for area in asked:
        names = [
            f"{change.action} {change.kind}/{change.name}"
            for change in plan.changes
            if area in areas_of(change, plan)
        ]
        if names:
            touched[area] = tuple(names)
    return touched


def new_etcd_volumes(plan: Plan) -> tuple[str, ...]:
    """Return the volumes for etcd that a plan makes, as `kind/name`."""
    return tuple(
        f"{change.kind}/{change.name}"
        for change in plan.changes
        if change.kind in ETCD_VOLUMES and change.action == "create"
    )


def _is_control_plane(change: Change, plan: Plan) -> bool:
    if change.kind in ETCD_VOLUMES or change.name in _CONTROL_POLICIES:
        return True
    if change.kind == "ManagedFile":
        nodeup = change.name.startswith(_NODEUP)
        group = change.name.removeprefix(_NODEUP)
        return _is_of_control_plane(group, plan) if nodeup else _is_control_file(change.name)
    if _OF_A_GROUP.search(change.kind):
        return _is_of_control_plane(change.name, plan)
    return any(
        change.name == own or change.name.startswith(f"{own}-")
        for own in (f"{start}.{plan.cluster}" for start in _NAMED_AFTER)
    )


def _is_control_file(name: str) -> bool:
    return name.startswith(_CONTROL_FILES)


def _is_of_control_plane(name: str, plan: Plan) -> bool:
    """Whether a cloud name is that of a control plane's group; yes where nobody can say.

    On AWS the name itself tells (capture 02b): a group may have left the definition by now.
    """
    if name.endswith((f".masters.{plan.cluster}", f".apiservers.{plan.cluster}")):
        return True
    group = group_of(name.removesuffix(_HOOK), plan.roles, plan.cluster)
    return group is None or plan.roles[group] in _CONTROL_ROLES
