"""The tasks of instance groups: a launch template and an autoscaling group each."""

from collections.abc import Iterator, Mapping
from typing import Any

from kled.sandbox import naming
from kled.sandbox.network_tasks import api_target_groups, ssh_key_name
from kled.sandbox.tasks import Task, flag, listing, mapping, reference, tags

_METRICS = (
    "[GroupDesiredCapacity, GroupInServiceInstances, GroupMaxSize, GroupMinSize, "
    "GroupPendingInstances, GroupStandbyInstances, GroupTerminatingInstances, GroupTotalInstances]"
)
_LABEL = "k8s.io/cluster-autoscaler/node-template/label/"
_CONTROL_PLANE = {
    f"{_LABEL}kops.k8s.io/kops-controller-pki": "",
    f"{_LABEL}node-role.kubernetes.io/control-plane": "",
    f"{_LABEL}node.kubernetes.io/exclude-from-external-load-balancers": "",
    "k8s.io/role/control-plane": "1",
    "k8s.io/role/master": "1",
}
_NODE = {f"{_LABEL}node-role.kubernetes.io/node": "", "k8s.io/role/node": "1"}
_DISK = {"Master": "64", "Node": "128", "Bastion": "32"}
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


def is_control_plane(group: dict[str, Any]) -> bool:
    """Tell whether a group runs the control plane (v1alpha2 says `Master`)."""
    return bool(group["spec"]["role"] == "Master")


def _group_tags(name: str, group: dict[str, Any]) -> str:
    short = group["metadata"]["name"]
    extra = {
        "aws-node-termination-handler/managed": "",
        "kops.k8s.io/instancegroup": short,
        f"{_LABEL}kops.k8s.io/instancegroup": short,
        **(_CONTROL_PLANE if is_control_plane(group) else _NODE),
        **group["spec"].get("cloudLabels", {}),
    }
    for label, value in group["spec"].get("nodeLabels", {}).items():
        extra[f"{_LABEL}{label}"] = str(value)
    return mapping(tags(name, full_name(name, group), extra))


def _autoscaling_group(cluster: dict[str, Any], group: dict[str, Any]) -> Task:
    name, spec = cluster["metadata"]["name"], group["spec"]
    own = full_name(name, group)
    fields = (
        ("Granularity", "1Minute"),
        ("InstanceProtection", flag(value=bool(spec.get("instanceProtection")))),
        ("LaunchTemplate", f"name:{own}"),
        ("LoadBalancers", "[]"),
        ("MaxInstanceLifetime", "0"),
        ("MaxSize", str(spec.get("maxSize", 1))),
        ("Metrics", _METRICS),
        ("MinSize", str(spec.get("minSize", 1))),
        ("Subnets", listing(f"name:{subnet}.{name}" for subnet in spec["subnets"])),
        ("SuspendProcesses", listing(spec.get("suspendProcesses", []))),
        ("Tags", _group_tags(name, group)),
        ("TargetGroups", api_target_groups(name) if is_control_plane(group) else "[]"),
    )
    return Task("AutoscalingGroup", own, fields, phase=6)


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
        ("RootVolumeSize", str(spec.get("rootVolume", {}).get("size", _DISK[spec["role"]]))),
        ("RootVolumeThroughput", "125"),
        ("RootVolumeType", spec.get("rootVolume", {}).get("type", "gp3")),
        ("RootVolumeEncryption", "true"),
        ("RootVolumeKmsKey", ""),
        *key,
        ("SecurityGroups", f"[name:{role}.{name}]"),
        ("SpotPrice", str(spec.get("maxPrice", ""))),
        ("Tags", _group_tags(name, group)),
    )
    return Task("LaunchTemplate", own, fields, phase=4, hidden=(("UserData", script),))
