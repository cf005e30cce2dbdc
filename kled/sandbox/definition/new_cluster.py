"""From the flags of `create cluster` to a Cluster document, as NewCluster of kops 1.36.2 builds it.

Captures: 11-get-cluster-yaml, 50-ha-create, C01b to C11, S02, E09c-no-zones; state-store trees.
"""

import re
from typing import Any

from kled.sandbox.cloud import clouds
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import Document
from kled.sandbox.verbs.flags import Flags

_VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?([-+].+)?")
_STORE_CLOUDS = {
    "s3": "aws",
    "gs": "gce",
    "do": "digitalocean",
    "scw": "scaleway",
    "hos": "hetzner",
}
_CILIUM: dict[str, Any] = {"enableNodePort": True}
_NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "kubenet": ("kubenet", {}),
    "external": ("external", {}),
    "cni": ("cni", {}),
    "kopeio": ("kopeio", {}),
    "kopeio-vxlan": ("kopeio", {}),
    "flannel": ("flannel", {"backend": "vxlan"}),
    "flannel-vxlan": ("flannel", {"backend": "vxlan"}),
    "flannel-udp": ("flannel", {"backend": "udp"}),
    "calico": ("calico", {}),
    "kube-router": ("kuberouter", {}),
    "amazonvpc": ("amazonvpc", {}),
    "amazon-vpc-routed-eni": ("amazonvpc", {}),
    "": ("cilium", _CILIUM),
    "cilium": ("cilium", _CILIUM),
    "cilium-etcd": ("cilium", _CILIUM | {"etcdManaged": True}),
    "cilium-eni": ("cilium", _CILIUM | {"ipam": "eni"}),
    "gcp": ("gce", {}),
    "gce": ("gce", {}),
    "kindnet": ("kindnet", {}),
}
_NO_KUBE_PROXY = frozenset({"cilium", "kuberouter"})
_FEATURE_COMPONENTS = (
    "kubelet",
    "kubeAPIServer",
    "kubeControllerManager",
    "kubeProxy",
    "kubeScheduler",
)


def build(ctx: Context, flags: Flags) -> Document:
    """Return the Cluster as the flags describe it, before control planes, assignments and --set.

    Raises `KopsFailure`: a value that kops refuses, with kops' words.
    """
    name = flags["name"]
    spec: dict[str, Any] = {
        "channel": flags["channel"],
        "configBase": f"{ctx.store.url}/{name}",
        "kubernetesVersion": _version(flags),
        "authorization": _authorization(flags["authorization"]),
        "iam": {"allowContainerRegistry": True, "legacy": False},
        "kubelet": {"anonymousAuth": False},
        "kubernetesApiAccess": flags["admin-access"],
        "sshAccess": flags["ssh-access"] or flags["admin-access"],
    }
    document = {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "Cluster",
        "metadata": {"name": name},
        "spec": spec,
    }
    if not flags["zones"]:
        raise KopsFailure("must specify at least one zone for the cluster (use --zones)")
    _choose_cloud(ctx, flags, document)
    for step in (_feature_gates, _discovery, _networking, _subnets):
        step(flags, document)
    _topology(ctx, flags, document)
    return document


def is_private(flags: Flags) -> bool:
    """Tell whether the nodes are out of reach from outside: asked for, or IPv6's default."""
    return bool((flags["topology"] or ("private" if flags["ipv6"] else "public")) == "private")


def add_api(ctx: Context, flags: Flags, document: Document) -> None:
    """Add how the Kubernetes API is reached: load balancer, or DNS for a public cluster with names.

    Raises `KopsFailure`: an unknown load balancer type.
    """
    spec = document["spec"]
    ctx.log("I", "new_cluster.go:1502", f'Cloud Provider ID: "{cloud_of(document)}"')
    asked, certificate = flags["api-loadbalancer-type"], flags["api-ssl-certificate"]
    if not asked and not certificate and not is_private(flags) and _publishes_dns(document):
        spec["api"] = {"dns": {}}
        return
    if asked not in {"", "public", "internal"}:
        raise KopsFailure(f'unknown api-loadbalancer-type: "{asked}"')
    balancer = {"type": "Internal" if asked == "internal" else "Public"}
    if certificate:
        balancer["sslCertificate"] = certificate
    if cloud_of(document) == "aws":
        balancer["class"] = "Network"
    spec["api"] = {"loadBalancer": balancer}


def cloud_of(document: Document) -> str:
    """Return the cluster's cloud; metal is a label (capture C09-metal-dryrun)."""
    labels = document["metadata"].get("labels", {})
    return str(document["spec"].get("cloudProvider") or labels.get("alpha.kops.k8s.io/cloud", ""))


def _version(flags: Flags) -> str:
    version: str = flags["kubernetes-version"] or clouds.DEFAULT_VERSION
    if not _VERSION.fullmatch(version):
        raise KopsFailure(
            f'cannot parse KubernetesVersion "{version}": unable to parse kubernetes version'
        )
    return version


def _authorization(mode: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {"": {"rbac": {}}, "rbac": {"rbac": {}}}
    known["alwaysallow"] = {"alwaysAllow": {}}
    if mode.lower() not in known:
        raise KopsFailure(f'unknown authorization mode "{mode}"')
    return known[mode.lower()]


def _choose_cloud(ctx: Context, flags: Flags, document: Document) -> None:
    cloud = flags["cloud"]
    if not cloud:
        base = document["spec"]["configBase"]
        scheme, separator, _ = base.partition("://")
        cloud = _STORE_CLOUDS.get(scheme, "") if separator else ""
        if not cloud:
            raise KopsFailure(
                "pass in the cloud provider explicitly using --cloud: "
                f'cannot infer cloud provider from path: "{base}"'
            )
    clouds.check_early(cloud, ctx, flags["zones"], flags["project"])
    if cloud == "metal":
        document["metadata"]["labels"] = {"alpha.kops.k8s.io/cloud": "metal"}
    else:
        document["spec"]["cloudProvider"] = cloud
    if cloud == "gce" and flags["project"]:
        document["spec"]["project"] = flags["project"]


def _feature_gates(flags: Flags, document: Document) -> None:
    for gate in flags["kubernetes-feature-gates"]:
        for component in _FEATURE_COMPONENTS:
            gates = document["spec"].setdefault(component, {}).setdefault("featureGates", {})
            gates[gate.lstrip("+-")] = "false" if gate.startswith("-") else "true"


def _discovery(flags: Flags, document: Document) -> None:
    if not flags["discovery-store"]:
        return
    spec = document["spec"]
    store = f"{flags['discovery-store']}/{document['metadata']['name']}"
    spec["serviceAccountIssuerDiscovery"] = {"discoveryStore": store}
    if cloud_of(document) == "aws":
        spec["serviceAccountIssuerDiscovery"]["enableAWSOIDCProvider"] = True
        spec["iam"]["useServiceAccountExternalPermissions"] = True


def _networking(flags: Flags, document: Document) -> None:
    if flags["networking"] not in _NETWORKS:
        raise KopsFailure(f'unknown networking mode "{flags["networking"]}"')
    kind, settings = _NETWORKS[flags["networking"]]
    spec = document["spec"]
    spec["networking"] = {kind: dict(settings)}
    if kind in _NO_KUBE_PROXY:
        spec.setdefault("kubeProxy", {})["enabled"] = False
    if flags["network-id"]:
        spec["networkID"] = flags["network-id"]


def _subnets(flags: Flags, document: Document) -> None:
    zones = sorted({*flags["zones"], *flags["control-plane-zones"]})
    cloud = cloud_of(document)
    if cloud == "azure":
        document["spec"]["subnets"] = [
            {"name": document["metadata"]["name"], "region": zones[0].rpartition("-")[0]}
        ]
        return
    regional = cloud in {"digitalocean", "linode"}
    document["spec"]["subnets"] = [
        {"name": zone, "zone": zone} | ({"region": zone} if regional else {}) for zone in zones
    ]


def _topology(ctx: Context, flags: Flags, document: Document) -> None:
    spec = document["spec"]
    spec["topology"] = {"dns": {"type": _dns_type(ctx, flags)}}
    topology = flags["topology"] or ("private" if is_private(flags) else "public")
    shapes = {"public": _public, "private": _private}
    if topology not in shapes:
        raise KopsFailure(f"invalid topology {topology}")
    shapes[topology](flags, spec)
    if flags["bastion"] and _publishes_dns(document):
        spec["topology"]["bastion"] = {
            "bastionPublicName": f"bastion.{document['metadata']['name']}"
        }
    if flags["ipv6"]:
        spec["nonMasqueradeCIDR"] = "::/0"
        spec["cloudControllerManager"] = {}
        for index, subnet in enumerate(spec["subnets"]):
            subnet["ipv6CIDR"] = f"/64#{index:x}"


def _dns_type(ctx: Context, flags: Flags) -> str:
    known = {"public": "Public", "private": "Private", "none": "None"}
    asked = flags["dns"].lower()
    if asked in known:
        return known[asked]
    if asked:
        raise KopsFailure(f'unknown DNSType: "{flags["dns"]}"')
    if flags["dns-zone"]:
        return "Public"
    if flags["name"].endswith(".k8s.local"):
        ctx.log("W", "new_cluster.go:1483", "Gossip is deprecated, using None DNS instead")
    return "None"


def _public(flags: Flags, spec: dict[str, Any]) -> None:
    if flags["bastion"]:
        raise KopsFailure("bastion supports --topology='private' only")
    for subnet in spec["subnets"]:
        subnet["type"] = "Public"


def _private(flags: Flags, spec: dict[str, Any]) -> None:
    if "kubenet" in spec["networking"]:
        raise KopsFailure(
            f"invalid networking option {flags['networking']}. Kubenet does not support private "
            "topology"
        )
    for subnet in spec["subnets"]:
        subnet["type"] = "Private"
    private = list(spec["subnets"])
    if flags["ipv6"]:
        spec["subnets"] += [_sibling(subnet, "dualstack", "DualStack") for subnet in private]
    if spec.get("cloudProvider") != "gce":
        spec["subnets"] += [_sibling(subnet, "utility", "Utility") for subnet in private]


def _sibling(subnet: dict[str, Any], prefix: str, kind: str) -> dict[str, Any]:
    kept = {field: subnet[field] for field in ("zone", "region") if field in subnet}
    return kept | {"name": f"{prefix}-{subnet['name']}", "type": kind}


def _publishes_dns(document: Document) -> bool:
    name, topology = document["metadata"]["name"], document["spec"]["topology"]
    return topology["dns"]["type"] != "None" and not name.endswith(".k8s.local")
