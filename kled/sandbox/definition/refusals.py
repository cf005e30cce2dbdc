"""What kops refuses of single fields of a definition, in its words (captures R-cl-*, R-ig-*)."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.verbs.durations import parse_duration

Spec = Mapping[str, Any]
_DNS_TYPES, _CLASSES = ("Public", "Private", "None"), ("Classic", "Network")
_NETWORKS = {
    "networkCIDR": "networking.networkCIDR",
    "nonMasqueradeCIDR": "networking.nonMasqueradeCIDR",
}
_OUTSIDE = 'Network contains bits outside prefix (did you mean "{meant}")'
_NO_CIDR = "Could not be parsed as a CIDR"
_NO_PERCENTAGE = (
    "Unable to parse: invalid value for IntOrString: invalid type: string is not a percentage"
)
_ETCD = {5: 31, 6: 12}
"""The newest patch of each minor version of etcd 3 that kops 1.36.2 runs."""
_DAY = 86_400
_MACHINE = re.compile(
    r"[a-z]+[0-9][a-z0-9-]*\.(?:nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9]+xl)?)"
)
_REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_HOPS = range(1, 65)
_RESERVED = ("Name", "KubernetesCluster")
_RESERVED_PREFIXES = ("kubernetes.io/cluster/", "k8s.io/role/", "kops.k8s.io/")
_INSTANCE_GROUP = "kops.k8s.io/instancegroup"


def of_cluster(spec: Spec) -> Iterator[str]:
    """Yield what kops finds wrong with a cluster's network, rolls, load balancer and addons."""
    for field, spoken in _NETWORKS.items():
        if value := spec.get(field):
            yield from _network(f"spec.{spoken}", str(value))
    dns = ((spec.get("topology") or {}).get("dns") or {}).get("type")
    if dns and dns not in _DNS_TYPES:
        yield _unsupported("spec.networking.topology.dns.type", dns, _DNS_TYPES)
        yield "spec.networking.topology.dns.type: Forbidden: unsupported dns topology"
    yield from _load_balancer(spec, dns)
    yield from _rolls(spec)
    yield from _metrics(spec)
    for index, etcd in enumerate(spec.get("etcdClusters") or ()):
        yield from _etcd_version(f"spec.etcdClusters[{index}].version", etcd.get("version") or "")


def of_group(spec: Spec) -> Iterator[str]:
    """Yield what kops finds wrong with an instance group before it looks at the cluster."""
    tenancies = ("default", "dedicated", "host")
    if spec.get("tenancy") and spec["tenancy"] not in tenancies:
        yield _unsupported("spec.tenancy", spec["tenancy"], tenancies)
    yield from _rolls(spec)


def of_cloud_labels(labels: Mapping[str, str], group: str = "") -> Iterator[str]:
    """Yield what kops finds wrong with labels (validateCloudLabels, validateIGCloudLabels)."""
    own = {key for key in labels if group and key == _INSTANCE_GROUP}
    where = "spec.cloudLabels"
    for key in own:
        if labels[key] != group:
            told = "value must match instance group name"
            yield f'{where}.{key}: Invalid value: "{key}": {told}'
    for key in _RESERVED:
        if key in labels:
            told = f'"{key}" is a reserved label and cannot be used as a custom label'
            yield f"{where}.{key}: Forbidden: {told}"
    for prefix in _RESERVED_PREFIXES:
        for key in sorted(labels.keys() - own):
            if key.startswith(prefix):
                told = f'"{prefix}" is a reserved label prefix and cannot be used as a custom label'
                yield f"{where}.{key}: Forbidden: {told}"


def of_group_on_aws(name: str, spec: Spec) -> Iterator[str]:
    """Yield what kops finds wrong with an instance group that only AWS has fields for."""
    known = ("standard", "unlimited")
    if spec.get("cpuCredits") and spec["cpuCredits"] not in known:
        yield _unsupported("spec.cpuCredits", spec["cpuCredits"], known)
    for index, group in enumerate(spec.get("additionalSecurityGroups") or ()):
        if not str(group).startswith("sg-"):
            told = "security group does not match the expected AWS format"
            yield f'spec.additionalSecurityGroups[{index}]: Invalid value: "{group}": {told}'
    mixed = spec.get("mixedInstancesPolicy") or {}
    for field in ("onDemandBase", "onDemandAboveBase"):
        if mixed.get(field, 0) < 0:
            where = f"spec.mixedInstancesPolicy.{field}"
            yield f"{where}: Invalid value: {mixed[field]}: cannot be less than zero"
    yield from _metadata(spec.get("instanceMetadata") or {})
    yield from _warm_pool(spec.get("warmPool") or {})
    lifetime = spec.get("maxInstanceLifetime")
    if lifetime and 0 < parse_duration(str(lifetime)) < _DAY:
        told = f"max instance lifetime must be greater than {_DAY} or equal to 0"
        yield f'{name}.spec.maxInstanceLifetime: Invalid value: "{lifetime}": {told}'


def of_machines(name: str, spec: Spec, region: str) -> Iterator[str]:
    """Yield what kops finds wrong with a group's machine type and image when it asks AWS."""
    machine, image = spec.get("machineType"), spec.get("image")
    if machine and (unknown := unknown_machine(machine, region)):
        told = f'machine type "{machine}" is invalid: {unknown}'
        yield f'{name}.spec.machineType: Invalid value: "{machine}": {told}'
    if image and not re.search(r"^(?:ami-|ssm:)|/", image):
        told = f'specified image "{image}" is invalid: could not find Image for "{image}"'
        yield f'{name}.spec.image: Invalid value: "{image}": {told}'


def unknown_machine(machine: str, region: str) -> str | None:
    """Return what AWS says of a machine type that is none; any well-formed one is there."""
    if _MACHINE.fullmatch(machine):
        return None
    return (
        f'describing instance type "{machine}" in region "{region}": operation error EC2: '
        f"DescribeInstanceTypes, https response error StatusCode: 400, RequestID: {_REQUEST_ID}, "
        "api error InvalidInstanceType: The following supplied instance types do not exist: "
        f"[{machine}]"
    )


def check_etcd(ctx: Context, spec: Spec) -> None:
    """Refuse a version of etcd that etcd-manager does not run. Raises KopsFailure."""
    for etcd in spec.get("etcdClusters") or ():
        version = str(etcd.get("version") or "")
        numbers = [int(part) for part in version.split(".")] if version else [3, 5, 0]
        if numbers[2:] and numbers[1] in _ETCD and numbers[2] <= _ETCD[numbers[1]]:
            continue
        ours = (f"3.{minor}.{patch}" for minor, last in _ETCD.items() for patch in range(last + 1))
        update = f'Unsupported etcd version "{version}" detected; please update etcd version.'
        ctx.log("W", "options.go:71", update)
        flag = "Use export KOPS_FEATURE_FLAGS=SkipEtcdVersionCheck to override this check."
        ctx.log("W", "options.go:72", flag)
        ctx.log("W", "options.go:77", f"Supported etcd versions: {', '.join(ours)}")
        told = (
            "please specify a supported version or remove the value to use the recommended version"
        )
        raise KopsFailure(
            f'error building complete spec: etcd version "{version}" is not supported with '
            f"etcd-manager, {told}"
        )


def _network(where: str, text: str) -> Iterator[str]:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        yield f'{where}: Invalid value: "{text}": {_NO_CIDR}'
        return
    if str(network.network_address) != text.partition("/")[0]:
        yield f'{where}: Invalid value: "{text}": {_OUTSIDE.format(meant=network)}'


def _load_balancer(spec: Spec, dns: str | None) -> Iterator[str]:
    balancer = (spec.get("api") or {}).get("loadBalancer") or {}
    kind = balancer.get("class")
    if kind and kind not in _CLASSES:
        yield _unsupported("spec.api.loadBalancer.class", kind, _CLASSES)
    if kind and kind != "Network" and dns == "None":
        told = "topology.dns.type=none requires Network Load Balancer"
        yield f"spec.api.loadBalancer.type: Forbidden: {told}"


def _rolls(spec: Spec) -> Iterator[str]:
    for field in ("maxUnavailable", "maxSurge"):
        value, where = (spec.get("rollingUpdate") or {}).get(field), f"spec.rollingUpdate.{field}"
        if isinstance(value, int) and value < 0:
            yield f"{where}: Invalid value: {value}: Cannot be negative"
        elif isinstance(value, str) and not re.fullmatch(r"\d+%", value):
            yield f'{where}: Invalid value: "{value}": {_NO_PERCENTAGE}'


def _metrics(spec: Spec) -> Iterator[str]:
    metrics = spec.get("metricsServer") or {}
    certified = (spec.get("certManager") or {}).get("enabled")
    if metrics.get("enabled") and not metrics.get("insecure") and not certified:
        told = "Secure metrics server requires that cert manager is enabled"
        yield f"spec.metricsServer.insecure: Forbidden: {told}"


def _etcd_version(where: str, version: str) -> Iterator[str]:
    if version and not re.fullmatch(r"\d+\.\d+\.\d+", version):
        yield f'{where}: Invalid value: "{version}": the storage version is invalid'
    elif version and not version.startswith("3."):
        told = "unsupported storage version, we only support major version 3"
        yield f'{where}: Invalid value: "{version}": {told}'


def _metadata(options: Spec) -> Iterator[str]:
    hops, tokens = options.get("httpPutResponseHopLimit"), options.get("httpTokens")
    if hops is not None and hops not in _HOPS:
        told = "HTTPPutResponseLimit must be a value between 1 and 64"
        yield f"spec.instanceMetadata.httpPutResponseHopLimit: Invalid value: {hops}: {told}"
    known = ("optional", "required")
    if tokens and tokens not in known:
        yield _unsupported("spec.instanceMetadata.httpTokens", tokens, known)


def _warm_pool(pool: Spec) -> Iterator[str]:
    least, most = pool.get("minSize", 0), pool.get("maxSize")
    if most is not None and most < 0:
        yield f"spec.warmPool.maxSize: Invalid value: {most}: warm pool maxSize cannot be negative"
    elif most is not None and most < least:
        told = "warm pool maxSize cannot be set to lower than minSize"
        yield f"spec.warmPool.maxSize: Invalid value: {most}: {told}"
    if least < 0:
        yield f"spec.warmPool.minSize: Invalid value: {least}: warm pool minSize cannot be negative"


def _unsupported(where: str, value: object, known: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{each}"' for each in known)
    return f'{where}: Unsupported value: "{value}": supported values: {listed}'
