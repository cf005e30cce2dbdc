"""The tasks of instance groups: a launch template and an autoscaling group each."""

from collections.abc import Iterator, Mapping
from typing import Any

from kled.sandbox.cloud import naming, node_labels
from kled.sandbox.cloud.network_tasks import ssh_key_name, target_groups
from kled.sandbox.cloud.tasks import Task, flag, listing, mapping, reference, tags
from kled.sandbox.cloud.termination_tasks import managed_tag

_METRICS = (
    "[GroupDesiredCapacity, GroupInServiceInstances, GroupMaxSize, GroupMinSize, "
    "GroupPendingInstances, GroupStandbyInstances, GroupTerminatingInstances, GroupTotalInstances]"
)
_ROLES = {
    "Master": {"k8s.io/role/control-plane": "1", "k8s.io/role/master": "1"},
    "Node": {"k8s.io/role/node": "1"},
    "Bastion": {"k8s.io/role/bastion": "1"},
}
_DISK = {"Master": "64", "Node": "128", "Bastion": "32"}
FIREWALLS = {"Master": "masters", "Node": "nodes", "Bastion": "bastion"}
_IAM = {"Master": "masters", "Node": "nodes", "Bastion": "bastions"}


def group_tasks(
    cluster: dict[str, Any],
    groups: list[dict[str, Any]],
    ssh_key: str | None,
    user_data: Mapping[str, str],
) -> Iterator[Task]:
    """Yield both tasks of each group; `user_data` is the bootstrap script by group name."""
    for group in groups:
        script = user_data[group["metadata"]["name"]]
        yield _launch_template(cluster, group, ssh_key, script)
        yield _autoscaling_group(cluster, group)


def full_name(cluster: str, group: dict[str, Any]) -> str:
    """Name the group in the cloud: `nodes-us-east-1a.demo.k8s.local`."""
    return naming.group(cluster, group["metadata"]["name"], group["spec"]["role"])


def bounds(group: dict[str, Any]) -> tuple[int, int]:
    """Return how many machines a group has at least and at most; kops' defaults where unsaid."""
    spec = group["spec"]
    default = 2 if spec["role"] == "Node" else 1
    return int(spec.get("minSize", default)), int(spec.get("maxSize", default))


def is_control_plane(group: dict[str, Any]) -> bool:
    """Tell whether a group runs the control plane (v1alpha2 says `Master`)."""
    return bool(group["spec"]["role"] == "Master")


def is_bastion(group: dict[str, Any]) -> bool:
    """Tell whether a group's machines are a way in, and no part of the cluster."""
    return bool(group["spec"].get("role") == "Bastion")


def _group_tags(cluster: dict[str, Any], group: dict[str, Any]) -> dict[str, str]:
    """Return a group's tags; of several by one name the last wins (kops: pkg/model/context.go)."""
    name, spec = cluster["metadata"]["name"], group["spec"]
    people = {**cluster["spec"].get("cloudLabels", {}), **spec.get("cloudLabels", {})}
    extra = {
        **managed_tag(cluster),
        **people,
        **node_labels.as_tags(node_labels.wanted(cluster, group)),
        **_ROLES.get(spec["role"], {}),
        "kops.k8s.io/instancegroup": group["metadata"]["name"],
    }
    return tags(name, full_name(name, group), extra)


def _autoscaling_group(cluster: dict[str, Any], group: dict[str, Any]) -> Task:
    name, spec = cluster["metadata"]["name"], group["spec"]
    own, carried = full_name(name, group), _group_tags(cluster, group)
    least, most = bounds(group)
    fields = (
        ("Granularity", "1Minute"),
        ("InstanceProtection", flag(value=bool(spec.get("instanceProtection")))),
        ("LaunchTemplate", f"name:{own}"),
        ("LoadBalancers", "[]"),
        ("MaxInstanceLifetime", "0"),
        ("MaxSize", str(most)),
        ("Metrics", _METRICS),
        ("MinSize", str(least)),
        ("Subnets", listing(f"name:{subnet}.{name}" for subnet in spec["subnets"])),
        ("SuspendProcesses", listing(spec.get("suspendProcesses", []))),
        ("Tags", mapping(carried)),
        ("TargetGroups", target_groups(name, spec["role"])),
    )
    return Task(
        "AutoscalingGroup", own, fields, phase=6, machine_tags=tuple(sorted(carried.items()))
    )


def _public(cluster: dict[str, Any], group: dict[str, Any]) -> bool:
    kinds = {subnet["name"]: subnet["type"] for subnet in cluster["spec"]["subnets"]}
    default = all(kinds.get(name) != "Private" for name in group["spec"]["subnets"])
    return bool(group["spec"].get("associatePublicIp", default))


def _launch_template(
    cluster: dict[str, Any], group: dict[str, Any], ssh_key: str | None, script: str
) -> Task:
    name, spec = cluster["metadata"]["name"], group["spec"]
    own, role = full_name(name, group), _IAM[spec["role"]]
    key = (("SSHKey", reference(ssh_key_name(name, ssh_key))),) if ssh_key else ()
    fields = (
        ("AssociatePublicIP", flag(value=_public(cluster, group))),
        ("CPUCredits", spec.get("cpuCredits", "")),
        ("HTTPPutResponseHopLimit", "1"),
        ("HTTPTokens", "required"),
        ("HTTPProtocolIPv6", "disabled"),
        ("IAMInstanceProfile", reference(f"{role}.{name}")),
        ("ImageID", spec["image"]),
        ("InstanceMonitoring", flag(value=bool(spec.get("detailedInstanceMonitoring")))),
        ("InstanceType", spec["machineType"]),
        ("IPv6AddressCount", "0"),
        ("RootVolumeIops", "3000"),
        ("RootVolumeSize", str(spec.get("rootVolumeSize", _DISK[spec["role"]]))),
        ("RootVolumeThroughput", "125"),
        ("RootVolumeType", spec.get("rootVolumeType", "gp3")),
        ("RootVolumeEncryption", "true"),
        ("RootVolumeKmsKey", ""),
        *key,
        ("SecurityGroups", f"[name:{FIREWALLS[spec['role']]}.{name}]"),
        ("SpotPrice", str(spec.get("maxPrice", ""))),
        ("Tags", mapping(_group_tags(cluster, group))),
    )
    return Task("LaunchTemplate", own, fields, phase=4, hidden=(("UserData", script),))
