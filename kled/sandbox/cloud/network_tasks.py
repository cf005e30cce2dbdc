"""The network's tasks: VPC, subnets, security groups, load balancer, target groups, SSH key."""

import json
from collections.abc import Iterator
from typing import Any

from kled.sandbox.cloud import naming
from kled.sandbox.cloud.tasks import Task, Where, flag, listing, mapping, reference, tags

_API_PORT, _CONTROLLER_PORT, _SSH_PORT = 443, 3988, 22
_MASTER_PORTS = (
    "[port=22, port=443, port=2380, port=2381, port=3988, port=4001, port=4002, port=4789, "
    "port=179, port=8443, port=3:4, port=-1]"
)
_SECURITY_GROUPS = (
    ("api-elb", "Security group for api ELB", "[port=443]"),
    ("masters", "Security group for masters", _MASTER_PORTS),
    ("nodes", "Security group for nodes", "[port=22]"),
)
_OF_BASTIONS = (
    ("bastion-elb", "Security group for bastion ELB", "[port=22]"),
    ("bastion", "Security group for bastion", "[port=22, port=3:4, port=-1]"),
)


def network_tasks(
    cluster: dict[str, Any], groups: list[dict[str, Any]], ssh_key: str | None
) -> Iterator[Task]:
    """Yield what a cluster has but its groups (captures 02b, 50, and B-* with bastions)."""
    name, spec = cluster["metadata"]["name"], cluster["spec"]
    if ssh_key is not None:
        yield _ssh_key(name, ssh_key)
    bastions = [group for group in groups if group["spec"].get("role") == "Bastion"]
    for role in ("masters", "nodes", *(["bastions"] if bastions else [])):
        yield _iam_role(name, role)
    yield _vpc(name, spec)
    for subnet in spec["subnets"]:
        yield _subnet(name, subnet)
    for group, text, ports in (*_SECURITY_GROUPS, *(_OF_BASTIONS if bastions else ())):
        yield _security_group(name, group, text, ports)
    yield _load_balancer(name, spec)
    yield _target_group(name, "kops-controller", _CONTROLLER_PORT)
    yield _target_group(name, "tcp", _API_PORT)
    if bastions:
        yield _bastion_load_balancer(name, spec, bastions)
        yield _target_group(name, "bastion", _SSH_PORT)


def ssh_key_name(cluster: str, public_key: str) -> str:
    """Name the cloud's copy of the cluster's SSH key."""
    return f"kubernetes.{cluster}-{naming.ssh_fingerprints(public_key)[0]}"


def _ssh_key(cluster: str, public_key: str) -> Task:
    fields = (
        ("Shared", "false"),
        ("KeyFingerprint", naming.ssh_fingerprints(public_key)[1]),
        ("Tags", mapping(tags(cluster, cluster))),
    )
    return Task("SSHKey", ssh_key_name(cluster, public_key), fields)


def _iam_role(cluster: str, role: str) -> Task:
    name = f"{role}.{cluster}"
    fields = (("Tags", mapping(tags(cluster, name))), ("ExportWithID", role))
    return Task("IAMRole", name, fields, where=Where.GLOBAL)


def _vpc(cluster: str, spec: dict[str, Any]) -> Task:
    fields = (
        ("CIDR", spec["networkCIDR"]),
        ("AmazonIPv6", "true"),
        ("EnableDNSHostnames", "true"),
        ("EnableDNSSupport", "true"),
        ("Shared", flag(value=bool(spec.get("networkID")))),
        ("Tags", mapping(tags(cluster, cluster))),
    )
    return Task("VPC", cluster, fields, phase=0)


def _subnet_tags(cluster: str, subnet: dict[str, Any]) -> dict[str, str]:
    kind = subnet["type"]
    extra = {"SubnetType": kind}
    if kind in {"Public", "Utility"}:
        extra["kubernetes.io/role/elb"] = "1"
    if kind in {"Public", "Private"}:
        extra["kubernetes.io/role/internal-elb"] = "1"
    return tags(cluster, f"{subnet['name']}.{cluster}", extra)


def _subnet(cluster: str, subnet: dict[str, Any]) -> Task:
    fields = (
        ("ShortName", subnet["name"]),
        ("VPC", f"name:{cluster}"),
        ("AvailabilityZone", subnet["zone"]),
        ("CIDR", subnet["cidr"]),
        ("ResourceBasedNaming", "true"),
        ("AssignIPv6AddressOnCreation", "false"),
        ("Shared", "false"),
        ("Tags", mapping(_subnet_tags(cluster, subnet))),
    )
    return Task("Subnet", f"{subnet['name']}.{cluster}", fields, phase=1)


def _security_group(cluster: str, group: str, text: str, ports: str) -> Task:
    name = f"{group}.{cluster}"
    fields = (
        ("Description", text),
        ("VPC", f"name:{cluster}"),
        ("RemoveExtraRules", ports),
        ("Tags", mapping(tags(cluster, name))),
    )
    return Task("SecurityGroup", name, fields, phase=1)


def _target_group(cluster: str, prefix: str, port: int) -> Task:
    name = naming.load_balancer(prefix, cluster)
    attributes = {
        "deregistration_delay.connection_termination.enabled": "true",
        "deregistration_delay.timeout_seconds": "30",
    }
    https = prefix == "kops-controller"
    fields = (
        ("VPC", f"name:{cluster}"),
        ("Tags", mapping(tags(cluster, name))),
        ("Port", str(port)),
        ("Protocol", "TCP"),
        ("Shared", "false"),
        ("Attributes", mapping(attributes)),
        ("Interval", "10"),
        ("HealthyThreshold", "2"),
        ("UnhealthyThreshold", "2"),
        ("HealthCheckProtocol", "HTTPS" if https else "TCP"),
        *((("HealthCheckPath", "/healthz"),) if https else ()),
    )
    return Task("TargetGroup", name, fields, phase=1)


def _bastion_load_balancer(
    cluster: str, spec: dict[str, Any], bastions: list[dict[str, Any]]
) -> Task:
    """Return what SSH comes in by: in the zones of the bastions, where balancers may stand."""
    zones = {
        subnet["zone"]
        for subnet in spec["subnets"]
        if any(subnet["name"] in group["spec"]["subnets"] for group in bastions)
    }
    asked = (spec.get("topology", {}).get("bastion") or {}).get("loadBalancer") or {}
    public = asked.get("type", "Public") == "Public"
    subnets = [s for s in _balanced(spec, public=public) if s["zone"] in zones]
    name = f"bastion.{cluster}"
    fields = (
        ("LoadBalancerBaseName", naming.load_balancer("bastion", cluster)),
        ("CLBName", name),
        ("SubnetMappings", listing(_subnet_mapping(cluster, spec, s) for s in subnets)),
        ("SecurityGroups", f"[name:bastion-elb.{cluster}]"),
        ("Scheme", "internet-facing" if public else "internal"),
        ("IpAddressType", "ipv4"),
        ("Tags", mapping(tags(cluster, name))),
        ("Type", "network"),
        ("VPC", f"name:{cluster}"),
    )
    return Task("NetworkLoadBalancer", name, fields, phase=2)


def _balanced(spec: dict[str, Any], *, public: bool) -> list[dict[str, Any]]:
    """Return the subnets of a load balancer: the utility ones of a public one, where some are."""
    subnets = [s for s in spec["subnets"] if s["type"] == "Utility"] if public else []
    return subnets or [s for s in spec["subnets"] if s["type"] != "Utility"]


def _load_balancer(cluster: str, spec: dict[str, Any]) -> Task:
    public = spec.get("api", {}).get("loadBalancer", {}).get("type", "Public") == "Public"
    subnets = _balanced(spec, public=public)
    name = f"api.{cluster}"
    fields = (
        ("LoadBalancerBaseName", naming.load_balancer("api", cluster)),
        ("CLBName", name),
        ("SubnetMappings", listing(_subnet_mapping(cluster, spec, s) for s in subnets)),
        ("SecurityGroups", f"[name:api-elb.{cluster}]"),
        ("Scheme", "internet-facing" if public else "internal"),
        ("CrossZoneLoadBalancing", flag(value=public)),
        ("IpAddressType", "ipv4"),
        ("Tags", mapping(tags(cluster, name))),
        ("Type", "network"),
        ("VPC", f"name:{cluster}"),
        ("AccessLog", '{"Enabled":false,"S3BucketName":null,"S3BucketPrefix":null}'),
        ("WellKnownServices", "[kube-apiserver, kops-controller]"),
    )
    return Task("NetworkLoadBalancer", name, fields, phase=2)


def _subnet_mapping(cluster: str, spec: dict[str, Any], subnet: dict[str, Any]) -> str:
    vpc = {
        "Name": cluster,
        "Lifecycle": "Sync",
        "ID": None,
        "CIDR": spec["networkCIDR"],
        "AmazonIPv6": True,
        "IPv6CIDR": None,
        "EnableDNSHostnames": True,
        "EnableDNSSupport": True,
        "Shared": False,
        "Tags": dict(sorted(tags(cluster, cluster).items())),
        "AssociateExtraCIDRBlocks": None,
    }
    shown = {
        "Name": f"{subnet['name']}.{cluster}",
        "ShortName": subnet["name"],
        "Lifecycle": "Sync",
        "ID": None,
        "VPC": vpc,
        "VPCCIDRBlock": None,
        "AmazonIPv6CIDR": None,
        "AvailabilityZone": subnet["zone"],
        "CIDR": subnet["cidr"],
        "IPv6CIDR": None,
        "ResourceBasedNaming": True,
        "AssignIPv6AddressOnCreation": False,
        "Shared": False,
        "Tags": dict(sorted(_subnet_tags(cluster, subnet).items())),
    }
    document = {"Subnet": shown, "PrivateIPv4Address": None, "AllocationID": None}
    return json.dumps(document, separators=(",", ":"))


def target_groups(cluster: str, role: str) -> str:
    """Render the target groups that the groups of a role (v1alpha2) are registered with."""
    prefixes = {"Master": ("kops-controller", "tcp"), "Bastion": ("bastion",)}.get(role, ())
    return listing(reference(naming.load_balancer(prefix, cluster)) for prefix in prefixes)
