"""What `delete cluster` finds of a cluster in its cloud, and in which order that goes."""

from dataclasses import dataclass
from typing import Any

from kled.sandbox.cloud import naming
from kled.sandbox.cloud.account import Cloud, State, arn, key
from kled.sandbox.cloud.termination_tasks import QUEUE, RULE, TARGET, find_deleted_with, queue_url

_TYPES = {
    "LaunchTemplate": "autoscaling-config",
    "AutoscalingGroup": "autoscaling-group",
    "EventBridgeRule": "eventbridge-rule",
    "IAMRole": "iam-role",
    "SSHKey": "keypair",
    "NetworkLoadBalancer": "load-balancer",
    "SQS": "sqs",
    "SecurityGroup": "security-group",
    "Subnet": "subnet",
    "TargetGroup": "target-group",
    "VPC": "vpc",
}
_FIRST = ("instance", "autoscaling-config", "autoscaling-group", "keypair")
_LAST = ("vpc",)


@dataclass(frozen=True)
class Tracked:
    """One thing to delete, as the table names it."""

    type: str
    name: str
    id: str
    place: str
    """Its key in the cloud's `resources`, or in `instances`."""
    zone: str = ""
    """Of an instance."""

    @property
    def title(self) -> str:
        """Return how progress names it: `vpc:vpc-0a1b…` (capture 42)."""
        return f"{self.type}:{self.id}"


def find_tracked(cloud: Cloud, cluster: str) -> list[Tracked]:
    """Return all that kops takes for the cluster's in its region, and its roles.

    In the table's order. Others' queues and rules, whose names begin as the cluster's, are among
    it: kops cannot tell them apart.
    """
    untold = {QUEUE, RULE, TARGET} | (set() if has_keypairs(cluster) else {"SSHKey"})
    resources = [
        _resource(cloud.region, cluster, place, record)
        for place, record in find_deleted_with(cloud.read(), cluster).items()
    ]
    for state in (cloud.read(), cloud.read(everywhere=True)):
        for place, record in state["resources"].items():
            if record["cluster"] == cluster and record["kind"] not in untold:
                resources.append(_resource(cloud.region, cluster, place, record))
        resources += [
            Tracked("instance", record["group"], record["id"], record["id"], record["zone"])
            for record in state["instances"].values()
            if record["cluster"] == cluster
        ]
    return sorted(resources, key=lambda item: (item.type, item.name, item.id))


def has_keypairs(cluster: str) -> bool:
    """Tell whether kops deletes the cluster's SSH keys: not where its name has no dot."""
    return "." in cluster


def batches(items: list[Tracked]) -> list[list[Tracked]]:
    """Return what a round deletes together, in its order: what others depend on comes last.

    Instances go a zone at a time (captures 42 and 59: `Terminating 3 EC2 instances`).
    """
    grouped: dict[str, list[Tracked]] = {}
    for item in sorted(items, key=_rank):
        grouped.setdefault(item.zone or item.title, []).append(item)
    return list(grouped.values())


def _rank(item: Tracked) -> int:
    if item.type in _FIRST:
        return _FIRST.index(item.type)
    return len(_FIRST) + (item.type in _LAST)


def is_blocked(state: State, cluster: str, item: Tracked) -> bool:
    """Tell whether something still stands in the way of deleting an item (capture 42).

    A target group's load balancer does: the bastions' own, or that of the API.
    """
    side = "bastion" if item.name == naming.load_balancer("bastion", cluster) else "api"
    balancer = key(cluster, "NetworkLoadBalancer", f"{side}.{cluster}")
    return item.type == "target-group" and balancer in state["resources"]


def delete(cloud: Cloud, cluster: str, item: Tracked) -> None:
    """Delete one item in one save; absent is fine."""
    with cloud.edit(everywhere=item.type == "iam-role") as state:
        if item.type == "instance":
            state["instances"].pop(item.place, None)
            return
        state["resources"].pop(item.place, None)
        if item.type == "eventbridge-rule":
            state["resources"].pop(key(cluster, TARGET, f"{item.name}-Target"), None)
        if item.type == "autoscaling-group":
            _terminate_all(state, cluster, item.name)


def delete_group(cloud: Cloud, cluster: str, group: str) -> None:
    """Delete an instance group's autoscaling group with its machines, then its template.

    `group` is the name in the cloud. Each is one save; absent is fine.
    """
    for kind in ("AutoscalingGroup", "LaunchTemplate"):
        item = Tracked(_TYPES[kind], group, group, key(cluster, kind, group))
        delete(cloud, cluster, item)


def _terminate_all(state: State, cluster: str, group: str) -> None:
    for record in list(state["instances"].values()):
        if (record["cluster"], record["group"]) == (cluster, group):
            del state["instances"][record["id"]]


def _resource(region: str, cluster: str, place: str, record: dict[str, Any]) -> Tracked:
    kind, name = record["kind"], record["name"]
    identity = record["id"]
    if kind in {"AutoscalingGroup", "IAMRole", RULE}:
        identity = name
    elif kind == QUEUE:
        name = identity = queue_url(region, name)
    elif kind == "NetworkLoadBalancer":
        name = naming.load_balancer(name.removesuffix(f".{cluster}"), cluster)
        identity = arn(region, "loadbalancer/net", name)
    elif kind == "TargetGroup":
        identity = arn(region, "targetgroup", name)
    return Tracked(_TYPES[kind], name, identity, place)
