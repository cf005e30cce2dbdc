"""Fields that name a resource of the old region or account, whatever it is called: one table.

What kops makes itself where the field is empty is dropped; anything else is a person's decision.
Ids, ARNs and URLs in all other fields are found by what they look like (`traces`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kled.recovery.rewrite.draft import Draft, Path, matching, shown
from kled.recovery.rewrite.sides import Sides
from kled.recovery.rewrite.undecided import Undecided
from kled.recovery.rewrite.wording import Wording

Bound = Literal["region", "account"]
_AWS: Final = frozenset({"aws"})
_GCE: Final = frozenset({"gce"})
_AZURE: Final = frozenset({"azure"})
_EVERY: Final = frozenset({"aws", "gce", "azure", "digitalocean", "hetzner", "scaleway"})
_MAPPED: Final = "it names something that is called otherwise there"
_GONE: Final = "it is of the old side, and kops makes one where none is named"


@dataclass(frozen=True, slots=True)
class Row:
    """A field, and what becomes of it."""

    pattern: str
    """Dotted; `*` is each element of a list, or each key."""
    names: str
    """What it names, in words."""
    bound: Bound = "region"
    """What it is valid within; what is valid within a region is valid within an account, too."""
    dropped: bool = False
    """Whether kops makes one of its own where the field is not there."""
    clouds: frozenset[str] = _AWS
    stays: tuple[str, ...] = ()
    """Values, and what they may begin with, that are of no region or account."""

    @property
    def path(self) -> tuple[str, ...]:
        """The pattern in parts."""
        return tuple(self.pattern.split("."))

    def concerns(self, sides: Sides) -> bool:
        """Whether its resource is not there after the move."""
        leaves = sides.leaves_account or (self.bound == "region" and sides.leaves_region)
        return sides.cloud in self.clouds and leaves


_MANAGED: Final = tuple(f"arn:{partition}:iam::aws:" for partition in ("aws", "aws-cn"))
_GROUPS: Final = "security group"
ROWS: Final = (
    Row("spec.networkID", "network", dropped=True, clouds=_AWS | _AZURE),
    Row("spec.networkID", "network", "account", dropped=True, clouds=_GCE),
    Row("spec.subnets.*.id", "subnet", dropped=True, clouds=_EVERY),
    Row("spec.subnets.*.egress", "way out", dropped=True, clouds=_EVERY, stays=("External",)),
    Row("spec.subnets.*.publicIP", "address", clouds=_EVERY),
    Row("spec.subnets.*.ipv6CIDR", "IPv6 network of the VPC", stays=("/",)),
    Row("spec.subnets.*.additionalRoutes.*.target", "target of a route"),
    Row("spec.sshKeyName", "SSH key of the cloud", dropped=True),
    Row("spec.api.loadBalancer.sslCertificate", "certificate"),
    Row("spec.api.loadBalancer.securityGroupOverride", _GROUPS),
    Row("spec.api.loadBalancer.additionalSecurityGroups.*", _GROUPS),
    Row("spec.api.loadBalancer.subnets.*.allocationId", "address"),
    Row("spec.api.loadBalancer.accessLog.bucket", "bucket of the region"),
    Row("spec.topology.bastion.loadBalancer.additionalSecurityGroups.*", _GROUPS),
    Row("spec.cloudConfig.elbSecurityGroup", _GROUPS),
    Row(
        "spec.cloudConfig.gceServiceAccount", "account", "account", clouds=_GCE, stays=("default",)
    ),
    Row("spec.cloudConfig.azure.storageAccountID", "storage account", clouds=_AZURE),
    Row("spec.cloudConfig.azure.resourceGroupName", "resource group", clouds=_AZURE),
    Row("spec.cloudConfig.azure.routeTableName", "route table", clouds=_AZURE),
    Row("spec.cloudConfig.azure.tenantId", "tenant", "account", clouds=_AZURE),
    Row("spec.etcdClusters.*.etcdMembers.*.kmsKeyId", "KMS key"),
    Row("spec.certManager.hostedZoneIDs.*", "hosted zone", "account"),
    Row("spec.iam.permissionsBoundary", "policy", "account", stays=_MANAGED),
    Row("spec.externalPolicies.*.*", "policy", "account", stays=_MANAGED),
    Row(
        "spec.iam.serviceAccountExternalPermissions.*.aws.policyARNs.*",
        "policy",
        "account",
        stays=_MANAGED,
    ),
)
"""Of the cluster."""
GROUP_ROWS: Final = (
    Row("spec.additionalSecurityGroups.*", _GROUPS),
    Row("spec.securityGroupOverride", _GROUPS),
    Row("spec.rootVolumeEncryptionKey", "KMS key"),
    Row("spec.volumes.*.key", "KMS key"),
    Row("spec.externalLoadBalancers.*.loadBalancerName", "load balancer"),
    Row("spec.externalLoadBalancers.*.targetGroupArn", "target group"),
    Row("spec.iam.profile", "instance profile", "account"),
)
"""Of instance groups."""
_STAY: Final = frozenset(
    {
        "cidr",
        "nonMasqueradeCIDR",
        "serviceClusterIPRange",
        "podCIDR",
        "networkCIDR",
        "additionalNetworkCIDRs",
    }
)


def map_resources(draft: Draft, sides: Sides) -> None:
    """Give each text that names a mapped resource its new name; networks' addresses stay."""
    wording = Wording(dict(sides.target.resources))

    def mapped(path: Path, text: str) -> str:
        if path[0] != "spec" or _STAY.intersection(map(str, path)) or _is_identity(path):
            return text
        return sides.target.resources.get(text) or wording.of(text)

    draft.each_text(mapped, _MAPPED)


def settle(draft: Draft, sides: Sides) -> Iterator[Undecided]:
    """Drop what kops makes anew, and yield what nobody said of the rest."""
    given = sides.target.given
    for row in GROUP_ROWS if draft.owner else ROWS:
        for path in list(matching(draft.document, row.path)) if row.concerns(sides) else ():
            value = draft.at(*path)
            if not isinstance(value, str) or not value or value in given or draft.is_kept(path):
                continue
            if value.startswith(row.stays):
                continue
            if not row.dropped:
                yield _undecided(draft, path, row, value)
            else:
                draft.drop(path, _GONE)


def _undecided(draft: Draft, path: Path, row: Row, value: str) -> Undecided:
    safe = str(shown(path, value))
    return Undecided(
        field=draft.field(path),
        names=f"{row.names} {safe} of the old {row.bound}",
        value=safe,
        option=f"resources[{safe}]",
    )


def _is_identity(path: Sequence[str | int]) -> bool:
    return "etcdClusters" in path and path[-1] == "name"
