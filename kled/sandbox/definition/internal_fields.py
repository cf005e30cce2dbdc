"""Where a field of kops' internal objects is stored: `--set` names the one, files hold the other.

kops 1.36.2 sets fields of its internal objects and converts them to v1alpha2 when it stores them
(pkg/apis/kops, pkg/apis/kops/v1alpha2/conversion.go; captures T-set-*, T-setc-*). Names that both
have are left out. In a path `*` stands for any index of a list; a path stands for all below it.
"""

from typing import Final

from kled.sandbox.context import KopsFailure

Path = tuple[str, ...]
_PAIRS: Final = {
    "Cluster": """
spec.api.access spec.kubernetesApiAccess
spec.api.additionalSANs spec.additionalSans
spec.api.loadBalancer.subnets.*.allocationID spec.api.loadBalancer.subnets.*.allocationId
spec.api.loadBalancer.useForInternalAPI spec.api.loadBalancer.useForInternalApi
spec.api.publicName spec.masterPublicName
spec.authentication.oidc.clientID spec.kubeAPIServer.oidcClientID
spec.authentication.oidc.groupsClaims spec.kubeAPIServer.oidcGroupsClaim
spec.authentication.oidc.groupsPrefix spec.kubeAPIServer.oidcGroupsPrefix
spec.authentication.oidc.issuerURL spec.kubeAPIServer.oidcIssuerURL
spec.authentication.oidc.requiredClaims spec.kubeAPIServer.oidcRequiredClaim
spec.authentication.oidc.usernameClaim spec.kubeAPIServer.oidcUsernameClaim
spec.authentication.oidc.usernamePrefix spec.kubeAPIServer.oidcUsernamePrefix
spec.cloudProvider.aws.disableSecurityGroupIngress spec.cloudConfig.disableSecurityGroupIngress
spec.cloudProvider.aws.ebsCSIDriver spec.cloudConfig.awsEBSCSIDriver
spec.cloudProvider.aws.elbSecurityGroup spec.cloudConfig.elbSecurityGroup
spec.cloudProvider.aws.loadBalancerController spec.awsLoadBalancerController
spec.cloudProvider.aws.nlbSecurityGroupMode spec.cloudConfig.nlbSecurityGroupMode
spec.cloudProvider.aws.nodeIPFamilies spec.cloudConfig.nodeIPFamilies
spec.cloudProvider.aws.nodeTerminationHandler spec.nodeTerminationHandler
spec.cloudProvider.aws.podIdentityWebhook spec.podIdentityWebhook
spec.cloudProvider.aws.spotinstOrientation spec.cloudConfig.spotinstOrientation
spec.cloudProvider.aws.spotinstProduct spec.cloudConfig.spotinstProduct
spec.cloudProvider.aws.warmPool spec.warmPool
spec.cloudProvider.azure spec.cloudConfig.azure
spec.cloudProvider.azure.subscriptionID spec.cloudConfig.azure.subscriptionId
spec.cloudProvider.azure.tenantID spec.cloudConfig.azure.tenantId
spec.cloudProvider.gce.multizone spec.cloudConfig.multizone
spec.cloudProvider.gce.nodeInstancePrefix spec.cloudConfig.nodeInstancePrefix
spec.cloudProvider.gce.nodeTags spec.cloudConfig.nodeTags
spec.cloudProvider.gce.pdCSIDriver spec.cloudConfig.gcpPDCSIDriver
spec.cloudProvider.gce.project spec.project
spec.cloudProvider.gce.serviceAccount spec.cloudConfig.gceServiceAccount
spec.cloudProvider.gce.useStartupScript spec.cloudConfig.gceUseStartupScript
spec.cloudProvider.openstack spec.cloudConfig.openstack
spec.configStore.base spec.configBase
spec.configStore.keypairs spec.keyStore
spec.configStore.secrets spec.secretStore
spec.controlPlaneKubelet spec.masterKubelet
spec.etcdClusters.*.etcdMembers.*.kmsKeyID spec.etcdClusters.*.etcdMembers.*.kmsKeyId
spec.etcdClusters.*.etcdMembers.*.volumeIOPS spec.etcdClusters.*.etcdMembers.*.volumeIops
spec.externalDNS spec.externalDns
spec.hooks.*.enabled spec.hooks.*.disabled
spec.karpenter.logFormat spec.karpenter.logEncoding
spec.kubeAPIServer.authorizationRBACSuperUser spec.kubeAPIServer.authorizationRbacSuperUser
spec.kubeAPIServer.clientCAFile spec.kubeAPIServer.clientCAFile
spec.kubeAPIServer.etcdCAFile spec.kubeAPIServer.etcdCaFile
spec.kubeControllerManager.concurrentRCSyncs spec.kubeControllerManager.concurrentRcSyncs
spec.kubeProxy.ipvsExcludeCIDRs spec.kubeProxy.ipvsExcludeCidrs
spec.networking.additionalNetworkCIDRs spec.additionalNetworkCIDRs
spec.networking.amazonVPC spec.networking.amazonvpc
spec.networking.amazonVPC.image spec.networking.amazonvpc.imageName
spec.networking.amazonVPC.initImage spec.networking.amazonvpc.initImageName
spec.networking.cilium.installIptablesRules spec.networking.cilium.IPTablesRulesNoinstall
spec.networking.cilium.masquerade spec.networking.cilium.disableMasquerade
spec.networking.egressProxy spec.egressProxy
spec.networking.gcp spec.networking.gce
spec.networking.isolateControlPlane spec.isolateMasters
spec.networking.kubeRouter spec.networking.kuberouter
spec.networking.networkCIDR spec.networkCIDR
spec.networking.networkID spec.networkID
spec.networking.nonMasqueradeCIDR spec.nonMasqueradeCIDR
spec.networking.podCIDR spec.podCIDR
spec.networking.serviceClusterIPRange spec.serviceClusterIPRange
spec.networking.subnets spec.subnets
spec.networking.tagSubnets spec.DisableSubnetTags
spec.networking.topology spec.topology
spec.networking.topology.bastion.publicName spec.topology.bastion.bastionPublicName
spec.networking.topology.dns spec.topology.dns.type
""",
    "InstanceGroup": """
spec.associatePublicIP spec.associatePublicIp
spec.externalLoadBalancers.*.targetGroupARN spec.externalLoadBalancers.*.targetGroupArn
spec.hooks.*.enabled spec.hooks.*.disabled
spec.rootVolume.encryption spec.rootVolumeEncryption
spec.rootVolume.encryptionKey spec.rootVolumeEncryptionKey
spec.rootVolume.iops spec.rootVolumeIops
spec.rootVolume.optimization spec.rootVolumeOptimization
spec.rootVolume.size spec.rootVolumeSize
spec.rootVolume.throughput spec.rootVolumeThroughput
spec.rootVolume.type spec.rootVolumeType
""",
}
_INSIDE: Final = {
    "authenticationTokenWebhookCacheTTL": "authenticationTokenWebhookCacheTtl",
    "authorizationWebhookCacheAuthorizedTTL": "authorizationWebhookCacheAuthorizedTtl",
    "authorizationWebhookCacheUnauthorizedTTL": "authorizationWebhookCacheUnauthorizedTtl",
    "clientCAFile": "clientCaFile",
    "toFQDNsDNSRejectResponseCode": "toFqdnsDnsRejectResponseCode",
    "toFQDNsEnablePoller": "toFqdnsEnablePoller",
}
"""Names that differ alike, but where the table says otherwise."""
_NEGATED: Final = frozenset(
    {"disabled", "DisableSubnetTags", "disableMasquerade", "IPTablesRulesNoinstall"}
)
_ALIASES: Final = {
    "spec.masterPublicName": "spec.api.publicName",
    "spec.topology.dns.type": "spec.networking.topology.dns",
    "spec.topology.bastion.loadBalancer.type": (
        "spec.networking.topology.bastion.loadBalancer.type"
    ),
    "spec.externalDns.provider": "spec.externalDNS.provider",
    "spec.externalDns.priorityClassName": "spec.externalDNS.priorityClassName",
}


def to_internal(kind: str, path: str) -> str:
    """Return the internal path for one of the few stored paths that kops takes for a cluster."""
    return _ALIASES.get(path, path) if kind == "Cluster" else path


def to_stored(kind: str, path: Path) -> Path:
    """Return where an internal path is stored; the longest beginning in the table decides."""
    for length in range(len(path), 0, -1):
        pattern = ".".join("*" if part.isdigit() else part for part in path[:length])
        if pattern in _TABLE[kind]:
            indexes = [part for part in path[:length] if part.isdigit()]
            where = [
                indexes.pop(0) if part == "*" else part for part in _TABLE[kind][pattern].split(".")
            ]
            return *where, *_renamed(path[length:])
    return _renamed(path)


def all_stored_below(kind: str, path: Path) -> list[Path]:
    """Return all places that an internal path stands for, as `spec.rootVolume` does for several."""
    prefix = f"{'.'.join(path)}."
    parts = [
        tuple(where.split("."))
        for inner, where in _TABLE[kind].items()
        if inner.startswith(prefix) and "*" not in inner
    ]
    return [to_stored(kind, path), *parts]


def to_stored_role(role: str) -> str:
    """Return how an internal role is stored: kops knows a ControlPlane inside, and no Master.

    Raises KopsFailure for a Master, in the words of the group's validation.
    """
    if role == "Master":
        known = ", ".join(f'"{name}"' for name in ("ControlPlane", "APIServer", "Node", "Bastion"))
        told = f'spec.role: Unsupported value: "Master": supported values: {known}'
        raise KopsFailure(
            f"error populating instance group spec: failed validating input specs: {told}"
        )
    return {"ControlPlane": "Master"}.get(role, role)


def is_negated(kind: str, path: Path) -> bool:
    """Tell whether the stored field says the opposite of the internal one.

    kops negates the hooks of a cluster, and copies those of a group as they are.
    """
    return kind == "Cluster" and path[-1] in _NEGATED


def _renamed(path: Path) -> Path:
    return tuple(_INSIDE.get(part, part) for part in path)


_TABLE: Final = {
    kind: dict(line.split() for line in text.strip().splitlines()) for kind, text in _PAIRS.items()
}
