"""The checks that kops makes before it stores a definition (captures E08, E09d, 30j, 38b)."""

import re
from typing import Any

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definitions import Document

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
_VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?([-+].+)?")


def check(ctx: Context, cluster: Document, groups: list[Document]) -> None:
    """Refuse a definition that kops refuses; several faults stand in one bracket, as in Kubernetes.

    Raises:
        KopsFailure: with kops' words.
    """
    check_version(ctx, cluster)
    found = [*_name(cluster), *_etcd(cluster)]
    for group in groups:
        found += group_faults(group, cluster)
    if found:
        raise KopsFailure(found[0] if len(found) == 1 else f"[{', '.join(found)}]")


def check_version(ctx: Context, cluster: Document) -> None:
    """Refuse a Kubernetes version that is none.

    Raises:
        KopsFailure: as in capture 30j-edit-cluster-set-badvalue, without what its caller puts
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


def group_faults(group: Document, cluster: Document) -> list[str]:
    """Return what kops finds wrong with one instance group."""
    spec, name = group["spec"], group["metadata"]["name"]
    found = []
    least, most = spec.get("minSize", 0), spec.get("maxSize", spec.get("minSize", 0))
    if least < 0:
        found.append(
            f"{name}.spec.minSize: Invalid value: {least}: minSize must be a non-negative number"
        )
    if most < least:
        found.append(
            f"{name}.spec.maxSize: Forbidden: maxSize must be greater than or equal to minSize."
        )
    known = {subnet["name"] for subnet in cluster["spec"]["subnets"]}
    found += [
        f'{name}.spec.subnets[{index}]: Not found: "{subnet}"'
        for index, subnet in enumerate(spec.get("subnets", []))
        if subnet not in known
    ]
    return found


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
    found = []
    clusters: list[dict[str, Any]] = cluster["spec"].get("etcdClusters", [])
    for index, etcd in enumerate(clusters):
        members = len(etcd["etcdMembers"])
        if members % 2 == 0:
            where = f"spec.etcdClusters[{index}].etcdMembers"
            found.append(f"{where}: Invalid value: {members}: {_QUORUM}")
    return found
