"""What the tasks of a plan mean for machines, load balancers and IAM: pure, from kops' own names.

The kinds are those of kops' task packages, one per cloud (`upup/pkg/fi/cloudup/*tasks`); a machine
needs an update when the template of its group has changed (captures 31 and 32).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from kled.kops.facts.cloud_names import group_of
from kled.models.cluster import Role
from kled.models.plan import Change, Plan

TEMPLATES: Final = frozenset(
    {
        "LaunchTemplate",  # AWS
        "InstanceTemplate",  # Google
        "VMScaleSet",  # Azure
        "Droplet",  # DigitalOcean
        "ServerGroup",  # Hetzner
        "Instance",  # OpenStack, Scaleway, Linode
    }
)
"""Tasks that say what a group's machines are made of."""
SIZES: Final[Mapping[str, str]] = {
    "AutoscalingGroup": "MaxSize",
    "InstanceGroupManager": "TargetSize",
    "VMScaleSet": "Capacity",
    "Droplet": "Count",
    "ServerGroup": "Count",
    "Instance": "Count",
}
"""Tasks that say how many machines a group has at most, and their field."""
_BOUNDS: Final = ("MinSize", "MaxSize")
_OF_A_SIZE: Final = frozenset({*SIZES.values(), *_BOUNDS, "SuspendProcesses"})
"""The fields that scaling a group changes."""
_AUTOSCALER: Final = "-addons-cluster-autoscaler.addons.k8s.io"
"""Its manifest names the bounds of each group, and the channel the SHA-256 of the manifest."""
LISTED_MACHINES: Final = frozenset(
    {
        *("instance", "autoscaling-group"),  # AWS
        *("Instance", "InstanceGroupManager"),  # Google, OpenStack
        *("VMScaleSet", "VMScaleSetVM"),  # Azure
        *("droplet", "server"),  # DigitalOcean, Hetzner, Scaleway
    }
)
"""What `delete cluster` calls machines and their groups (`pkg/resources/*`)."""
_BALANCERS: Final = frozenset(
    {"TargetGroup", "ForwardingRule", "BackendService", "TargetPool", "PoolAssociation"}
)
_ROLES: Final = frozenset({"RoleAssignment", "ServiceAccount"})
_ARROW: Final = " -> "


def templates(plan: Plan) -> tuple[Change, ...]:
    """Return the changes after which machines that run are out of date."""
    return tuple(
        change
        for change in plan.changes
        if change.action != "delete"
        and change.kind in TEMPLATES
        and (change.action == "create" or change.fields.keys() != {SIZES.get(change.kind)})
    )


def makes_control_plane(plan: Plan) -> bool:
    """Whether the plan makes every group of the control plane: nothing of the cluster runs yet.

    False where the plan does not know the roles of the groups.
    """
    planes = {group: role for group, role in plan.roles.items() if role == "control-plane"}
    made = {group_of(name, planes, plan.cluster) for name in made_groups(plan)}
    return bool(planes) and planes.keys() <= made


def made_groups(plan: Plan) -> tuple[str, ...]:
    """Return what the cloud calls the groups of machines that the plan makes."""
    return tuple(
        change.name for change in plan.changes if change.action == "create" and change.kind in SIZES
    )


def greatest_sizes(plan: Plan, groups: Mapping[str, Role]) -> Mapping[str, int]:
    """Return how many machines the groups may have afterwards, for groups whose size changes."""
    sizes = {}
    for change in plan.changes:
        after = change.fields.get(SIZES.get(change.kind, ""), "").rpartition(_ARROW)[2].strip()
        group = group_of(change.name, groups, plan.cluster)
        if change.action == "modify" and group is not None and after.isdecimal():
            sizes[group] = int(after)
    return sizes


def shrinking(plan: Plan) -> Iterator[tuple[Change, str]]:
    """Yield the changes that lower how many machines a group may have, each with its field."""
    for change in plan.changes:
        field = SIZES.get(change.kind, "")
        before, _, after = change.fields.get(field, "").rpartition(_ARROW)
        sizes = before.strip(), after.strip()
        if (
            change.action == "modify"
            and all(map(str.isdecimal, sizes))
            and int(after) < int(before)
        ):
            yield change, field


def beside_size(plan: Plan, group: str, groups: Mapping[str, Role]) -> tuple[Change, ...]:
    """Return what the plan changes beside the size of one group, and what follows from that.

    Of the group's own tasks that is all but its bounds and what it suspends.
    """
    autoscaled = any(_AUTOSCALER in change.name for change in plan.changes)

    def belongs(change: Change) -> bool:
        if change.kind not in SIZES:
            follows = _AUTOSCALER in change.name or change.kind == "BootstrapChannel"
            return autoscaled and follows and change.action == "modify"
        own = group_of(change.name, groups, plan.cluster) == group
        return own and (change.action != "modify" or change.fields.keys() <= _OF_A_SIZE)

    return tuple(change for change in plan.changes if not belongs(change))


def applied_bounds(
    plan: Plan, group: str, groups: Mapping[str, Role], stored: tuple[int, int]
) -> tuple[int, int]:
    """Return the bounds that the cloud has: what the plan would change, else what is `stored`."""
    effects = list(stored)
    for change in plan.changes:
        if change.kind in SIZES and group_of(change.name, groups, plan.cluster) == group:
            for at, field in enumerate(_BOUNDS):
                before = change.fields.get(field, "").partition(_ARROW)[0].strip()
                effects[at] = int(before) if before.isdecimal() else effects[at]
    return effects[0], effects[1]


def load_balancers(plan: Plan) -> tuple[str, ...]:
    """Name the changes to load balancers, and to what sends traffic through them; sorted."""
    return tuple(
        sorted(
            f"{change.action} {change.kind}/{change.name}"
            for change in plan.changes
            if "LoadBalancer" in change.kind
            or change.kind.startswith("LB")
            or change.kind in _BALANCERS
        )
    )


def iam(plan: Plan) -> bool:
    """Whether the plan changes roles or what they may do (IAM is global within an account)."""
    return any("IAM" in change.kind or change.kind in _ROLES for change in plan.changes)
