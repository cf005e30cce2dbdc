"""The checks that kops makes before it stores a definition (captures E08, E09d, 30j, 38b)."""

import ipaddress
import re
from typing import Any

from kled.sandbox.cloud.account import region_of
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import refusals
from kled.sandbox.definition.definitions import Document

_DNS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_DNS}')"
)
_QUORUM = (
    "Should be an odd number of control-plane-zones for quorum. Use --zones and "
    "--control-plane-zones to declare "
    "node zones and control-plane zones separately"
)
_TOO_FEW = "spec.maxSize: Forbidden: maxSize must be greater than or equal to minSize."
_VOLUMES = ("standard", "gp3", "gp2", "io1", "io2")
_ACCESS = {
    "sshAccess": "sshAccess",
    "kubernetesApiAccess": "kubernetesAPIAccess",
    "nodePortAccess": "nodePortAccess",
}
ROLES = frozenset({"Master", "APIServer", "Node", "Bastion"})
"""As they are stored: kops calls a Master ControlPlane inside."""
_VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?([-+].+)?")


def check(ctx: Context, cluster: Document, groups: list[Document]) -> None:
    """Refuse a definition that kops refuses; several faults stand in one bracket, as in Kubernetes.

    Raises `KopsFailure`: with kops' words.
    """
    check_version(ctx, cluster)
    faults = [*_name(cluster), *spec_faults(cluster), *_etcd(cluster)]
    for group in groups:
        faults += cross_faults(group, cluster)
    if faults:
        raise KopsFailure(aggregate(faults))


def spec_faults(cluster: Document) -> list[str]:
    """Return what kops finds wrong with a cluster's addresses and its load balancer."""
    spec = cluster["spec"]
    faults = [
        f'spec.{spoken}[{index}]: Invalid value: "{cidr}": Could not be parsed as a CIDR'
        for field, spoken in _ACCESS.items()
        for index, cidr in enumerate(spec.get(field) or ())
        if not _is_cidr(str(cidr))
    ]
    kind = ((spec.get("api") or {}).get("loadBalancer") or {}).get("type")
    if kind == "Internal" and not any(s["type"] == "Private" for s in spec["subnets"]):
        told = "Internal LoadBalancers must have at least one subnet of type Private"
        faults.append(f"spec.api.loadBalancer.type: Forbidden: {told}")
    return [*faults, *refusals.of_cluster(spec)]


def update_faults(cluster: Document) -> list[str]:
    """Return what kops finds wrong only where the cluster is there (ValidateClusterUpdate)."""
    return list(refusals.of_cloud_labels(cluster["spec"].get("cloudLabels") or {}))


def _is_cidr(text: str) -> bool:
    if text.startswith("pl-"):
        return True
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def check_version(ctx: Context, cluster: Document) -> None:
    """Refuse a Kubernetes version that is none.

    Raises `KopsFailure`: as in capture 30j-edit-cluster-set-badvalue, without what its caller puts
    before.
    """
    version = str(cluster["spec"].get("kubernetesVersion", ""))
    if not version:
        raise KopsFailure("spec.kubernetesVersion: Required value")
    if not _VERSION.fullmatch(version):
        ctx.log("E", "versions.go:40", f'unable to parse Kubernetes version "{version}"')
        raise KopsFailure(
            f'spec.kubernetesVersion: Invalid value: "{version}": unable to determine kubernetes '
            "version"
        )


def group_faults(group: Document) -> list[str]:
    """Return what kops finds wrong with an instance group by itself (kops: ValidateInstanceGroup).

    A count below zero is fine with kops; so is one that is not said.
    """
    spec = group["spec"]
    role, least, most = spec.get("role", ""), spec.get("minSize"), spec.get("maxSize")
    faults = []
    if not role:
        faults.append("spec.role: Required value: Role must be set")
    elif role not in ROLES:
        known = ", ".join(f'"{name}"' for name in ("ControlPlane", "APIServer", "Node", "Bastion"))
        faults.append(f'spec.role: Unsupported value: "{role}": supported values: {known}')
    if role == "Master":
        faults += _control_plane_faults(least or 0, most or 0)
    if least is not None and most is not None and most < least:
        faults.append(_TOO_FEW)
    labels = refusals.of_cloud_labels(
        spec.get("cloudLabels") or {}, group["metadata"].get("name", "")
    )
    return [*faults, *refusals.of_group(spec), *labels]


def cross_faults(group: Document, cluster: Document) -> list[str]:
    """Return what kops finds wrong with an instance group in its cluster, too."""
    return [*fitting_faults(group, cluster), *_member_faults(group, cluster)]


def fitting_faults(group: Document, cluster: Document) -> list[str]:
    """Return what keeps kops from storing a new group, which no member of etcd can stand on yet."""
    spec, faults = group["spec"], group_faults(group)
    if spec.get("minSize") is None and spec.get("maxSize") is not None:
        least = 2 if spec.get("role") == "Node" else 1  # what kops takes where none is said (63b)
        if spec["maxSize"] < least:
            faults.append(_TOO_FEW)
    dns = ((cluster["spec"].get("topology") or {}).get("dns") or {}).get("type")
    if spec.get("role") == "APIServer" and dns == "None":
        faults.append("spec.role: Forbidden: APIServer cannot be used with topology.dns.type=None")
    known = {subnet["name"] for subnet in cluster["spec"].get("subnets") or ()}
    faults += [
        f'spec.networking.subnets[{index}]: Not found: "{subnet}"'
        for index, subnet in enumerate(spec.get("subnets") or ())
        if subnet not in known
    ]
    volume = spec.get("rootVolumeType", "gp3")
    if volume not in _VOLUMES:
        types = ", ".join(f'"{name}"' for name in _VOLUMES)
        faults.append(
            f'spec.rootVolume.type: Unsupported value: "{volume}": supported values: {types}'
        )
    warm = {**(cluster["spec"].get("warmPool") or {}), **(spec.get("warmPool") or {})}
    if (warm and warm.get("maxSize") != 0) and spec.get("maxPrice") is not None:
        faults.append("spec.warmPool: Forbidden: warm pool cannot be used with spot instances")
    return [*faults, *refusals.of_group_on_aws(group["metadata"].get("name", ""), spec)]


def _member_faults(group: Document, cluster: Document) -> list[str]:
    if group["spec"].get("role") != "Master":
        return []
    own = group["metadata"]["name"]
    return [
        f'spec.metadata.name: Forbidden: InstanceGroup "{own}" with role ControlPlane must '
        f'have a member in etcd cluster "{etcd["name"]}"'
        for etcd in cluster["spec"].get("etcdClusters") or ()
        if not any(m.get("instanceGroup") == own for m in etcd.get("etcdMembers") or ())
    ]


def check_applicable(cluster: Document, groups: list[Document]) -> None:
    """Refuse what `update cluster` refuses of what is stored (kops: DeepValidate)."""
    for group in groups:
        if faults := group_faults(group):
            raise KopsFailure(f"failed validating input specs: {aggregate(faults)}")
    planes = sum(group["spec"].get("role") == "Master" for group in groups)
    if not groups:
        raise KopsFailure("must configure at least one InstanceGroup")
    if not planes:
        raise KopsFailure("must configure at least one ControlPlane InstanceGroup")
    if planes == len(groups):
        raise KopsFailure("must configure at least one Node InstanceGroup")
    for group in groups:
        if faults := [*cross_faults(group, cluster), *machine_faults(group, cluster)]:
            raise KopsFailure(aggregate(faults))


def machine_faults(group: Document, cluster: Document) -> list[str]:
    """Return what AWS does not have of what a group asks for; nothing for other clouds."""
    if cluster["spec"].get("cloudProvider") != "aws":
        return []
    name = group["metadata"].get("name", "")
    return list(refusals.of_machines(name, group["spec"], region_of(cluster)))


def aggregate(faults: list[str]) -> str:
    """Word one fault or several as Kubernetes does."""
    return faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"


def _control_plane_faults(least: int, most: int) -> list[str]:
    faults = []
    if least > 1:
        told = "controlPlane InstanceGroup must have minSize set to 1"
        faults.append(f"spec.minSize: Invalid value: {least}: {told}")
    if most > 1:
        told = (
            "controlPlane InstanceGroup must have maxSize set to 1, add more InstanceGroups instead"
        )
        faults.append(f"spec.maxSize: Invalid value: {most}: {told}")
    return faults


def _name(cluster: Document) -> list[str]:
    name = cluster["metadata"]["name"]
    if re.fullmatch(_DNS, name):
        return []
    return [
        f'metadata.name: Invalid value: "{name}": {_SUBDOMAIN}',
        (
            f'objectMeta.name: Invalid value: "{name}": Cluster Name must be a valid DNS name '
            f"(e.g. --name=mycluster.myzone.com) errors: {_SUBDOMAIN}"
        ),
    ]


def _etcd(cluster: Document) -> list[str]:
    faults = []
    clusters: list[dict[str, Any]] = cluster["spec"].get("etcdClusters", [])
    for index, etcd in enumerate(clusters):
        members = len(etcd["etcdMembers"])
        where = f"spec.etcdClusters[{index}].etcdMembers"
        if not members:
            faults.append(f"{where}: Required value: No members defined in etcd cluster")
        elif members % 2 == 0:
            faults.append(f"{where}: Invalid value: {members}: {_QUORUM}")
    return faults
