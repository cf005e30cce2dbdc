"""`kops toolbox dump`: what the cluster has in its cloud (captures 22, 22b, S12, E14h).

`raw` is the cloud's own answer; the sandbox's holds the fields that name, place and size things.
"""

import json
from datetime import UTC, datetime
from typing import Any

from kled.sandbox.cloud import health, removal
from kled.sandbox.cloud.account import ACCOUNT, Cloud, State, connect, key
from kled.sandbox.cloud.file_tasks import document
from kled.sandbox.cloud.instances import Machine, machines
from kled.sandbox.cloud.removal import Tracked
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import load_cluster
from kled.sandbox.verbs.flags import Flags

_DUMPED = (
    "vpc",
    "instance",
    "security-group",
    "load-balancer",
    "subnet",
    "target-group",
    "sqs",
    "eventbridge-rule",
)
_NAMED = frozenset({"sqs", "eventbridge-rule"})
"""The kinds whose entries have their name beside their id (capture 22)."""


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """Print the dump: `{}` before the first update."""
    name, output = flags["name"], flags["output"]
    if flags["dir"]:
        raise KopsFailure("the simulated kops has no nodes to collect logs from (--dir)")
    cloud = connect(ctx, load_cluster(ctx, name))
    content = _content(ctx, cloud, name)
    if output == "json":
        ctx.stdout.write(json.dumps(content, indent=2) if content else "{}")
    elif output == "yaml":
        ctx.stdout.write(document(content).decode())
    else:
        raise KopsFailure(f'unsupported output format: "{output}"')
    return 0


def _content(ctx: Context, cloud: Cloud, name: str) -> dict[str, Any]:
    items = [i for i in removal.find_tracked(cloud, name) if i.type in _DUMPED]
    if not items:
        return {}
    state = cloud.read()
    by_id = {machine.id: machine for machine in machines(ctx, cloud, name)}
    described = _Described(state, cloud.region, name, by_id)
    nets = [item for item in items if item.type == "subnet"]
    content: dict[str, Any] = {
        "resources": [
            {
                "id": item.id,
                **({"name": item.name} if item.type in _NAMED else {}),
                "raw": described.raw(item),
                "type": item.type,
            }
            for item in items
        ],
        "instances": [_instance(machine) for _, machine in sorted(by_id.items())],
        "loadBalancers": [
            {"name": item.name, "dnsName": health.balancer_host(cloud.region, item.name)}
            for item in items
            if item.type == "load-balancer"
        ],
        "subnets": [{"id": i.id, "zone": described.fields(i)["AvailabilityZone"]} for i in nets],
        "vpc": {"id": next((item.id for item in items if item.type == "vpc"), "")},
    }
    return {field: value for field, value in content.items() if value}


def _instance(machine: Machine) -> dict[str, Any]:
    return {
        "name": machine.id,
        "privateAddresses": [machine.ip],
        "roles": [health.role(machine)],
        "sshUser": "ubuntu",
    }


def _named(reference: str) -> str:
    return reference.strip("[]").removeprefix("name:")


class _Described:
    """Renders resources as the AWS SDK's answers, keys sorted as kops marshals them."""

    def __init__(self, state: State, region: str, cluster: str, by_id: dict[str, Machine]) -> None:
        self._state, self._region, self._cluster, self._by_id = state, region, cluster, by_id

    def fields(self, item: Tracked) -> dict[str, str]:
        """Return the fields of a resource's task."""
        return dict(self._state["resources"][item.place]["fields"])

    def raw(self, item: Tracked) -> dict[str, Any] | str:
        """Return the cloud's answer on one resource; a queue is no more than its URL."""
        if item.type == "sqs":
            return item.id
        make = {
            "eventbridge-rule": self._rule,
            "vpc": self._vpc,
            "instance": self._machine,
            "security-group": self._security_group,
            "load-balancer": self._load_balancer,
            "subnet": self._subnet,
            "target-group": self._target_group,
        }[item.type]
        return dict(sorted(make(item).items()))

    def _id(self, kind: str, name: str) -> str | None:
        record = self._state["resources"].get(key(self._cluster, kind, name))
        return record["id"] if record else None

    def _common(self, item: Tracked) -> dict[str, Any]:
        pairs = self.fields(item)["Tags"].strip("{}").split(", ")
        tags = dict(pair.split(": ", 1) for pair in pairs)
        return {
            "OwnerId": ACCOUNT,
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
            "VpcId": self._id("VPC", self._cluster),
        }

    def _vpc(self, item: Tracked) -> dict[str, Any]:
        fields = self.fields(item)
        own = {"CidrBlock": fields["CIDR"], "IsDefault": False, "State": "available"}
        return {**self._common(item), **own}

    def _subnet(self, item: Tracked) -> dict[str, Any]:
        fields = self.fields(item)
        return {
            **self._common(item),
            "AvailabilityZone": fields["AvailabilityZone"],
            "CidrBlock": fields["CIDR"],
            "State": "available",
            "SubnetArn": f"arn:aws:ec2:{self._region}:{ACCOUNT}:subnet/{item.id}",
            "SubnetId": item.id,
        }

    def _security_group(self, item: Tracked) -> dict[str, Any]:
        return {
            **self._common(item),
            "Description": self.fields(item)["Description"],
            "GroupId": item.id,
            "GroupName": item.name,
            "SecurityGroupArn": f"arn:aws:ec2:{self._region}:{ACCOUNT}:security-group/{item.id}",
        }

    def _load_balancer(self, item: Tracked) -> dict[str, Any]:
        fields = self.fields(item)
        return {
            "DNSName": health.balancer_host(self._region, item.name),
            "IpAddressType": fields["IpAddressType"],
            "LoadBalancerArn": item.id,
            "LoadBalancerName": item.name,
            "Scheme": fields["Scheme"],
            "SecurityGroups": [self._id("SecurityGroup", _named(fields["SecurityGroups"]))],
            "State": {"Code": "active", "Reason": None},
            "Type": "network",
            "VpcId": self._id("VPC", self._cluster),
        }

    def _rule(self, item: Tracked) -> dict[str, Any]:
        return {
            "Arn": f"arn:aws:events:{self._region}:{ACCOUNT}:rule/{item.name}",
            "Description": None,
            "EventBusName": "default",
            "EventPattern": self.fields(item)["EventPattern"],
            "ManagedBy": None,
            "Name": item.name,
            "RoleArn": None,
            "ScheduleExpression": None,
            "State": "ENABLED",
        }

    def _target_group(self, item: Tracked) -> dict[str, Any]:
        fields = self.fields(item)
        return {
            "HealthCheckPath": fields.get("HealthCheckPath"),
            "HealthCheckProtocol": fields["HealthCheckProtocol"],
            "Port": int(fields["Port"]),
            "Protocol": fields["Protocol"],
            "TargetGroupArn": item.id,
            "TargetGroupName": item.name,
            "TargetType": "instance",
            "VpcId": self._id("VPC", self._cluster),
        }

    def _machine(self, item: Tracked) -> dict[str, Any]:
        machine, record = self._by_id[item.id], self._state["instances"][item.id]
        template = self._state["resources"].get(
            key(self._cluster, "LaunchTemplate", machine.group), {"fields": []}
        )
        launched = datetime.fromtimestamp(record["launched"], UTC)
        return {
            "ImageId": dict(template["fields"]).get("ImageID"),
            "InstanceId": item.id,
            "InstanceType": machine.machine_type,
            "LaunchTime": launched.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Placement": {"AvailabilityZone": machine.zone},
            "PrivateIpAddress": machine.ip,
            "State": {"Code": 16, "Name": "running"},
            "VpcId": self._id("VPC", self._cluster),
        }
