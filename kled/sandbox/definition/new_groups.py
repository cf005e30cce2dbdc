"""From the flags of `create cluster` to instance groups and etcd clusters.

As kops 1.36.2 makes them (new_cluster.go). Captures: 12d-get-ig-yaml, 50-ha-create, E09*,
C04b-do-dryrun, C09-metal-dryrun.
"""

from itertools import pairwise, takewhile
from typing import Any

from kled.sandbox.cloud import clouds
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import refusals
from kled.sandbox.definition.definitions import Document
from kled.sandbox.definition.new_cluster import cloud_of, is_private
from kled.sandbox.verbs.flags import Flags

_SPOKEN = {"Master": "control plane", "Node": "nodes", "Bastion": "bastions"}


def build(ctx: Context, flags: Flags, cluster: Document) -> list[Document]:
    """Return the groups in kops' order; adds the etcd clusters to the cluster.

    Raises `KopsFailure`: counts and zones do not fit.
    """
    masters = _control_planes(flags, cluster)
    _warn_of_shared_zones(ctx, masters)
    cluster["spec"]["etcdClusters"] = [
        _etcd(name, masters, flags, cloud_of(cluster)) for name in _etcd_names(flags)
    ]
    groups = [*masters, *_nodes(flags, cluster)]
    if flags["bastion"]:
        groups.append(_group("bastions", "Bastion", 1, _bastion_subnets(flags, cluster)))
    return groups


def complete(ctx: Context, flags: Flags, cluster: Document, groups: list[Document]) -> None:
    """Give every group its image, its machine type and its node label.

    Raises `KopsFailure`: no default machine type (capture E09-invalid-zone), or an unknown one.
    """
    cloud = cloud_of(cluster)
    version = cluster["spec"]["kubernetesVersion"]
    for group in groups:
        spec, name = group["spec"], group["metadata"]["name"]
        image = flags[_IMAGE_FLAGS[spec["role"]]] or flags["image"]
        if cloud == "aws" and not image and "machineType" in spec:
            _require_machine(cluster, spec["machineType"])
        spec["image"] = image or clouds.default_image(cloud, version, spec.get("machineType", ""))
        if "machineType" not in spec:
            machine = _machine(ctx, cloud, cluster, group)
            spec.update({"machineType": machine} if machine else {})
        spec["nodeLabels"] = {"kops.k8s.io/instancegroup": name}


def _require_machine(cluster: Document, machine: str) -> None:
    """Ask what the machine is, to choose an image (R-cc-type). Raises KopsFailure: it is none."""
    region = clouds.aws_region(cluster["spec"]["subnets"][0].get("zone", ""))
    if unknown := refusals.unknown_machine(machine, region):
        told = f'error finding instance info for instance type "{machine}": {unknown}'
        raise KopsFailure(told)


_IMAGE_FLAGS = {
    "Master": "control-plane-image",
    "Node": "node-image",
    "Bastion": "bastion-image",
}


def _control_planes(flags: Flags, cluster: Document) -> list[Document]:
    zones, count = flags["control-plane-zones"], flags["control-plane-count"]
    if zones and 0 < count < len(zones):
        raise KopsFailure(
            f"specified {len(zones)} control-plane zones, but also requested {count} "
            "control-plane nodes.  "
            "If specifying both, the count should match."
        )
    count = count or len(zones) or 1
    zones = zones or flags["zones"]
    numbered = count > len(zones) or (cloud_of(cluster) == "digitalocean" and count == len(zones))
    groups = []
    for index in range(count):
        zone = zones[index % len(zones)]
        suffix = f"-{1 + index // len(zones)}" if numbered else ""
        subnet = f"dualstack-{zone}" if flags["ipv6"] and is_private(flags) else zone
        group = _group(f"control-plane-{zone}{suffix}", "Master", 1, [subnet])
        _sizes(group["spec"], flags["control-plane-size"], cloud_of(cluster))
        groups.append(group)
    return groups


def _nodes(flags: Flags, cluster: Document) -> list[Document]:
    if flags["instance-manager"] == "karpenter":
        return [_karpenter(flags, cluster)]
    if flags["instance-manager"] != "cloudgroups":
        raise KopsFailure(f'invalid value "{flags["instance-manager"]}" for --instance-manager')
    zones = flags["zones"]
    each, more = divmod(flags["node-count"] or len(zones), len(zones))
    groups = []
    for index, zone in enumerate(zones):
        group = _group(f"nodes-{zone}", "Node", each + (index < more), [zone])
        _sizes(group["spec"], flags["node-size"], cloud_of(cluster))
        groups.append(group)
    return groups


def _karpenter(flags: Flags, cluster: Document) -> Document:
    if not flags["discovery-store"]:
        raise KopsFailure("karpenter requires --discovery-store")
    cluster["spec"]["karpenter"] = {"enabled": True}
    wanted = ("Private",) if is_private(flags) else ("Public",)
    subnets = [s["name"] for s in cluster["spec"]["subnets"] if s["type"] in wanted]
    group = _group("nodes", "Node", flags["node-count"], subnets)
    group["spec"]["manager"] = "Karpenter"
    del group["spec"]["maxSize"]
    if not flags["node-count"]:
        del group["spec"]["minSize"]
    _sizes(group["spec"], flags["node-size"], "aws")
    return group


def _group(name: str, role: str, size: int, subnets: list[str]) -> Document:
    return {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "InstanceGroup",
        "metadata": {"name": name},
        "spec": {"role": role, "minSize": size, "maxSize": size, "subnets": subnets},
    }


def _sizes(spec: dict[str, Any], sizes: list[str], cloud: str) -> None:
    if sizes:
        spec["machineType"] = sizes[0]
    if len(sizes) > 1 and cloud == "aws":
        spec["mixedInstancesPolicy"] = {"instances": list(sizes)}


def _bastion_subnets(flags: Flags, cluster: Document) -> list[str]:
    subnets = cluster["spec"]["subnets"]
    if flags["ipv6"]:
        return [subnet["name"] for subnet in subnets if subnet["type"] == "DualStack"]
    return [s["name"] for s in subnets if s["type"] not in {"DualStack", "Utility"}]


def _warn_of_shared_zones(ctx: Context, masters: list[Document]) -> None:
    zones = sorted(subnet for group in masters for subnet in group["spec"]["subnets"])
    if any(zone == other for zone, other in pairwise(zones)):
        text = "Running with control-plane nodes in the same AZs; redundancy will be reduced"
        ctx.log("W", "new_cluster.go:1041", text)


def _etcd_names(flags: Flags) -> list[str]:
    extra = ["cilium"] if flags["networking"] == "cilium-etcd" else []
    return [*flags["etcd-clusters"], *extra]


def _etcd(name: str, masters: list[Document], flags: Flags, cloud: str) -> dict[str, Any]:
    asked = "encrypt-etcd-storage" in flags.changed
    encrypted = flags["encrypt-etcd-storage"] if asked else cloud == "aws"
    extra: dict[str, Any] = {"encryptedVolume": True} if encrypted else {}
    if flags["etcd-storage-type"]:
        extra["volumeType"] = flags["etcd-storage-type"]
    groups = [group["metadata"]["name"] for group in masters]
    members = [
        {"instanceGroup": group, "name": short} | extra
        for group, short in zip(groups, _short_names(groups), strict=True)
    ]
    return {
        "name": name,
        "cpuRequest": "200m" if name == "main" else "100m",
        "memoryRequest": "100Mi",
        "manager": {"backupRetentionDays": 90},
        "etcdMembers": members,
    }


def _short_names(groups: list[str]) -> list[str]:
    names = [group.removeprefix("control-plane-") for group in groups]
    columns = list(zip(*names, strict=False))[: len(min(names, key=len, default="")) - 1]
    cut = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, columns))
    return [_etcd_prefixed(name[cut:]) for name in names]


def _etcd_prefixed(name: str) -> str:
    return f"etcd-{name}" if name[:1].isdigit() else name


def _machine(ctx: Context, cloud: str, cluster: Document, group: Document) -> str:
    spec = group["spec"]
    if cloud != "aws":
        return clouds.DEFAULTS[cloud].machine
    zones = {subnet["name"]: subnet["zone"] for subnet in cluster["spec"]["subnets"]}
    role = "ControlPlane" if spec["role"] == "Master" else spec["role"]
    wanted = sorted({zones[subnet] for subnet in spec["subnets"]})
    try:
        region = clouds.aws_region(cluster["spec"]["subnets"][0]["zone"])
        return clouds.aws_machine(ctx, group["metadata"]["name"], role, wanted, region)
    except KopsFailure as failure:
        if "could not find a suitable" not in str(failure):
            raise
        raise KopsFailure(
            f"error assigning default machine type for {_SPOKEN[spec['role']]}: "
            f"error finding default machine type: {failure}"
        ) from failure
