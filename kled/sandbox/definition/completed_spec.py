"""The completed specification: the stored definition with what kops adds to it (capture 11b)."""

import copy
import ipaddress
from typing import Any

_EVICTION = (
    "memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,"
    "imagefs.available<10%,imagefs.inodesFree<5%"
)
_ADMISSION = [
    "DefaultStorageClass",
    "DefaultTolerationSeconds",
    "LimitRanger",
    "MutatingAdmissionWebhook",
    "NamespaceLifecycle",
    "NodeRestriction",
    "ResourceQuota",
    "RuntimeClass",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
]
ETCD_VERSION = "3.6.12"
CONTAINERD = {
    "logLevel": "info",
    "runc": {"version": "1.3.5"},
    "sandboxImage": "registry.k8s.io/pause:3.10.1",
    "version": "2.2.4",
}
_TERMINATION_HANDLER = {
    "cpuRequest": "50m",
    "deleteSQSMsgIfNodeNotFound": False,
    "enableOutOfServiceTaint": False,
    "enableRebalanceDraining": False,
    "enableRebalanceMonitoring": False,
    "enableScheduledEventDraining": True,
    "enableSpotInterruptionDraining": True,
    "enabled": True,
    "excludeFromLoadBalancers": True,
    "managedASGTag": "aws-node-termination-handler/managed",
    "memoryRequest": "64Mi",
    "podTerminationGracePeriod": -1,
    "prometheusEnable": False,
    "taintNode": False,
    "version": "v1.25.5",
}
_CILIUM = {
    "agentPrometheusPort": 9090,
    "bpfCTGlobalAnyMax": 262144,
    "bpfCTGlobalTCPMax": 524288,
    "bpfLBAlgorithm": "random",
    "bpfLBMaglevTableSize": "16381",
    "bpfLBMapMax": 65536,
    "bpfNATGlobalMax": 524288,
    "bpfNeighGlobalMax": 524288,
    "bpfPolicyMapMax": 16384,
    "clusterName": "default",
    "cniExclusive": True,
    "cpuRequest": "25m",
    "disableCNPStatusUpdates": True,
    "disableMasquerade": False,
    "enableBPFMasquerade": False,
    "enableEndpointHealthChecking": True,
    "enableHostFirewall": False,
    "enableL7Proxy": True,
    "enableLocalRedirectPolicy": False,
    "enableNodePort": True,
    "enableRemoteNodeIdentity": True,
    "enableUnreachableRoutes": False,
    "gatewayAPI": {"enabled": False},
    "hubble": {"enabled": False},
    "identityAllocationMode": "crd",
    "identityChangeGracePeriod": "5s",
    "ingress": {"enabled": False},
    "ipam": "kubernetes",
    "memoryRequest": "128Mi",
    "monitorAggregation": "medium",
    "sidecarIstioProxyImage": "cilium/istio_proxy",
    "toFqdnsDnsRejectResponseCode": "refused",
    "tunnel": "vxlan",
    "version": "v1.18.6",
}


def complete(cluster: dict[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the cluster as `cluster-completed.spec` holds it; the argument stays as it is."""
    full = copy.deepcopy(cluster)
    spec, name = full["spec"], full["metadata"]["name"]
    for part in (
        _cloud(spec, name),
        _control_plane(spec, name, groups),
        _kubelets(spec),
        _services(spec),
        _stores(spec),
    ):
        for field, default in part.items():
            spec[field] = _overlaid(default, spec.get(field))
    for etcd in spec.get("etcdClusters", []):
        etcd.setdefault("version", ETCD_VERSION)
        backups = f"{spec['configBase']}/backups/etcd/{etcd['name']}"
        etcd["backups"] = {"backupStore": backups, **(etcd.get("backups") or {})}
    if "cilium" in spec.get("networking", {}):
        spec["networking"]["cilium"] = _overlaid(_CILIUM, spec["networking"]["cilium"])
    full["spec"] = dict(sorted(spec.items()))
    return full


def service_range(spec: dict[str, Any]) -> ipaddress.IPv4Network:
    """Return the services' network: the first /13 of the non-masquerade CIDR."""
    return next(_private(spec).subnets(new_prefix=_private(spec).prefixlen + 3))


def _private(spec: dict[str, Any]) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(spec.get("nonMasqueradeCIDR", "100.64.0.0/10"))


def _pod_cidr(spec: dict[str, Any]) -> str:
    private = _private(spec)
    return str(list(private.subnets(new_prefix=private.prefixlen + 1))[1])


def _overlaid(default: object, wanted: object) -> object:
    if isinstance(default, dict) and isinstance(wanted, dict):
        names = sorted({*default, *wanted})
        return {
            name: _overlaid(default[name], wanted.get(name)) if name in default else wanted[name]
            for name in names
        }
    return copy.deepcopy(default) if wanted is None else wanted


def _image(spec: dict[str, Any], component: str) -> str:
    return f"registry.k8s.io/{component}:v{spec['kubernetesVersion'].removeprefix('v')}"


def _cloud(spec: dict[str, Any], name: str) -> dict[str, Any]:
    minor = ".".join(spec["kubernetesVersion"].removeprefix("v").split(".")[:2])
    image = f"registry.k8s.io/provider-aws/cloud-controller-manager:v{minor}.1"
    return {
        "cloudConfig": {
            "awsEBSCSIDriver": {"version": "v1.58.0"},
            "manageStorageClasses": True,
        },
        "cloudControllerManager": {
            "allocateNodeCIDRs": True,
            "clusterCIDR": _pod_cidr(spec),
            "clusterName": name,
            "configureCloudRoutes": False,
            "image": image,
            "leaderElection": {"leaderElect": True},
        },
        "clusterDNSDomain": "cluster.local",
        "containerd": CONTAINERD,
        "nodeTerminationHandler": _TERMINATION_HANDLER,
    }


def _control_plane(spec: dict[str, Any], name: str, groups: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kubeAPIServer": _api_server(spec, name, groups),
        "kubeControllerManager": {
            "allocateNodeCIDRs": True,
            "attachDetachReconcileSyncPeriod": "1m0s",
            "cloudProvider": "external",
            "clusterCIDR": _pod_cidr(spec),
            "clusterName": name,
            "configureCloudRoutes": False,
            "image": _image(spec, "kube-controller-manager"),
            "leaderElection": {"leaderElect": True},
            "logLevel": 2,
            "useServiceAccountCredentials": True,
        },
        "kubeScheduler": {
            "image": _image(spec, "kube-scheduler"),
            "leaderElection": {"leaderElect": True},
            "logLevel": 2,
        },
    }


def _api_server(spec: dict[str, Any], name: str, groups: list[dict[str, Any]]) -> dict[str, Any]:
    issuer = f"https://api.internal.{name}"
    servers = sum(g["spec"].get("minSize", 1) for g in groups if g["spec"]["role"] == "Master")
    return {
        "allowPrivileged": True,
        "anonymousAuth": False,
        "apiAudiences": ["kubernetes.svc.default"],
        "apiServerCount": servers,
        "authorizationMode": "Node,RBAC",
        "bindAddress": "0.0.0.0",  # noqa: S104 - kops' default, no socket is opened here
        "enableAdmissionPlugins": list(_ADMISSION),
        "etcdServers": ["https://127.0.0.1:4001"],
        "etcdServersOverrides": ["/events#https://127.0.0.1:4002"],
        "image": _image(spec, "kube-apiserver"),
        "kubeletPreferredAddressTypes": ["InternalIP", "Hostname", "ExternalIP"],
        "logLevel": 2,
        "requestheaderAllowedNames": ["aggregator"],
        "requestheaderExtraHeaderPrefixes": ["X-Remote-Extra-"],
        "requestheaderGroupHeaders": ["X-Remote-Group"],
        "requestheaderUsernameHeaders": ["X-Remote-User"],
        "securePort": 443,
        "serviceAccountIssuer": issuer,
        "serviceAccountJWKSURI": f"{issuer}/openid/v1/jwks",
        "serviceClusterIPRange": str(service_range(spec)),
        "storageBackend": "etcd3",
    }


def _kubelets(spec: dict[str, Any]) -> dict[str, Any]:
    kubelet = {
        "anonymousAuth": False,
        "cgroupDriver": "systemd",
        "cgroupRoot": "/",
        "cloudProvider": "external",
        "clusterDNS": str(service_range(spec)[10]),
        "clusterDomain": "cluster.local",
        "enableDebuggingHandlers": True,
        "evictionHard": _EVICTION,
        "kubeconfigPath": "/var/lib/kubelet/kubeconfig",
        "logLevel": 2,
        "podManifestPath": "/etc/kubernetes/manifests",
        "protectKernelDefaults": True,
        "shutdownGracePeriod": "30s",
        "shutdownGracePeriodCriticalPods": "10s",
    }
    return {"kubelet": kubelet, "masterKubelet": kubelet}


def _services(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "kubeDNS": {
            "cacheMaxConcurrent": 150,
            "cacheMaxSize": 1000,
            "cpuRequest": "100m",
            "domain": "cluster.local",
            "memoryLimit": "170Mi",
            "memoryRequest": "70Mi",
            "nodeLocalDNS": {
                "cpuRequest": "25m",
                "enabled": False,
                "image": "registry.k8s.io/dns/k8s-dns-node-cache:1.26.0",
                "memoryRequest": "5Mi",
            },
            "provider": "CoreDNS",
            "serverIP": str(service_range(spec)[10]),
        },
        "kubeProxy": {
            "clusterCIDR": _pod_cidr(spec),
            "cpuRequest": "100m",
            "image": _image(spec, "kube-proxy"),
            "logLevel": 2,
        },
    }


def _stores(spec: dict[str, Any]) -> dict[str, Any]:
    base = spec["configBase"]
    return {
        "keyStore": f"{base}/pki",
        "podCIDR": _pod_cidr(spec),
        "secretStore": f"{base}/secrets",
        "serviceClusterIPRange": str(service_range(spec)),
    }
