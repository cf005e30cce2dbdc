"""What a cluster is known by: its keysets and secrets, and what of a plan would make them. Pure.

kops makes a keyset or a secret that it does not find, whoever lives by the lost one (captures 02b;
`upup/pkg/fi/fitasks/keypair.go`). That a cluster *had* one is told by its nodes' configuration:
kops writes `igconfig/control-plane/*/nodeupconfig.yaml` with `KeypairIDs` when the keysets are
there. `cluster-completed.spec` and `kops-version.txt` tell nothing: a first update writes them at
the same time as the keysets, and may be killed in between.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kled.kops.facts.cloud_names import group_of
from kled.kops.state_store import layout
from kled.models.cluster import Role
from kled.models.definition import Definition, object_name
from kled.models.plan import Change, Plan

NODE_CONFIGS: Final = "igconfig/control-plane/"
KEYPAIR: Final = "Keypair"
SECRET: Final = "Secret"  # noqa: S105 - a kind of task
AUTHORITY: Final = "kubernetes-ca"
"""The keyset that signs what machines and people prove themselves with."""
KEYSETS_OF_ALL: Final = frozenset(
    {AUTHORITY, "service-account", "apiserver-aggregator-ca", "etcd-clients-ca"}
)
_OF_ETCD: Final = ("etcd-manager-ca-", "etcd-peers-ca-")
_FIRST_ETCDS: Final = frozenset({"main", "events"})
SECRETS_OF_ALL: Final = frozenset(
    {
        *("admin", "kube", "kube-proxy", "kubelet"),
        *("system:controller_manager", "system:dns", "system:logging", "system:monitoring"),
        "system:scheduler",
    }
)
"""Every cluster that was applied has these, whatever features it has (capture 02b)."""
_REISSUING: Final = frozenset({"Issuer", "Type"})
"""Fields whose change makes kops issue a certificate anew, with the key that is there."""
_CONTROL_PLANE: Final = frozenset({"Master", "ControlPlane"})
_GROUP_TASKS: Final[Mapping[str, str]] = {
    "aws": "AutoscalingGroup",
    "gce": "InstanceGroupManager",
    "azure": "VMScaleSet",
    "digitalocean": "Droplet",
    "hetzner": "ServerGroup",
    "openstack": "Instance",
    "scaleway": "Instance",
}
"""The task that a plan creates for a group that has no machines in the cloud yet."""


@dataclass(frozen=True, slots=True)
class IdentityEvidence:
    """What says which keysets and secrets a cluster had; each part may know nothing."""

    stored: frozenset[str] = frozenset()
    """Keys of its identity objects in the state store, relative to its prefix."""
    node_keysets: frozenset[str] = frozenset()
    """Keysets that its control plane's configuration names."""
    lived: str = ""
    """Why its control plane is known to have run, in words."""
    snapshot: str = ""
    """A trusted snapshot of this cluster."""
    kept: frozenset[str] = frozenset()
    """Keys of the identity objects in that snapshot."""


@dataclass(frozen=True, slots=True)
class MadeKeys:
    """What of a plan makes a keyset or a secret."""

    lost: tuple[tuple[Change, str], ...] = ()
    """What the cluster had, and what says so."""
    new: tuple[Change, ...] = ()
    """What was never seen there: of a new cluster, or of a feature that was just switched on."""


def made(plan: Plan) -> tuple[Change, ...]:
    """Return the changes that would make a keyset or a secret."""
    kinds = {KEYPAIR, SECRET}
    return tuple(
        change for change in plan.changes if change.kind in kinds and change.action == "create"
    )


def reissued(plan: Plan) -> tuple[Change, ...]:
    """Return the changes that issue a certificate anew; its private key stays."""
    return tuple(
        change
        for change in plan.changes
        if change.kind == KEYPAIR
        and change.action == "modify"
        and change.fields.keys() & _REISSUING
    )


def told_apart(changes: Iterable[Change], evidence: IdentityEvidence) -> MadeKeys:
    """Tell what the cluster had from what it never had."""
    reasons = [(change, _reason(change, evidence)) for change in changes]
    return MadeKeys(
        tuple((material, why) for material, why in reasons if why),
        tuple(material for material, why in reasons if not why),
    )


def needs_secret(cluster: Mapping[str, Any], name: str) -> str | None:
    """Say what of a cluster lives by a secret; None where it may go.

    kops would make a token anew, and cannot make what a person gave it (captures 34d and 34e).
    """
    spec = cluster.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    if name in SECRETS_OF_ALL:
        return "every cluster has it, and kops would make another one"
    if name == "encryptionconfig" and spec.get("encryptionConfig"):
        return "spec.encryptionConfig: without it the Secrets in etcd cannot be read"
    networking = spec.get("networking")
    cilium = networking.get("cilium") if isinstance(networking, Mapping) else None
    if name == "ciliumpassword" and isinstance(cilium, Mapping) and cilium.get("enableEncryption"):
        return "spec.networking.cilium.enableEncryption"
    return None


def key_of(change: Change) -> str:
    """Return where the keyset or secret is kept, relative to the cluster's prefix."""
    if change.kind == SECRET:
        return f"{layout.SECRETS}{change.name}"
    return f"{layout.KEYSETS}{change.name}/{layout.KEYSET_FILE}"


def keyset_key(name: str) -> str:
    """Return where a keyset is kept, relative to the cluster's prefix."""
    return key_of(Change("create", KEYPAIR, name))


def node_keysets(document: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the keysets that a `nodeupconfig.yaml` names; none where it is of an old kops."""
    ids = document.get("KeypairIDs") if document else None
    return frozenset(map(str, ids)) if isinstance(ids, Mapping) else frozenset()


def has_machines(plan: Plan, definition: Definition) -> bool:
    """Whether the cloud has the definition's control plane already, as the plan makes none of it.

    kops makes a group of machines after the keysets that they are given, so whoever has the one
    had the other.
    """
    kind = _GROUP_TASKS.get(_cloud(definition))
    planes = _control_planes(definition)
    if kind is None or not planes:
        return False
    created = {
        group_of(change.name, planes, plan.cluster)
        for change in plan.changes
        if change.kind == kind and change.action == "create"
    }
    return not created & planes.keys()


def _cloud(definition: Definition) -> str:
    spec = definition.cluster.get("spec")
    provider = spec.get("cloudProvider") if isinstance(spec, Mapping) else None
    return next(iter(provider), "") if isinstance(provider, Mapping) else str(provider)


def _control_planes(definition: Definition) -> dict[str, Role]:
    groups = filter(_is_control_plane, definition.groups)
    return {object_name(group): "control-plane" for group in groups}


def _is_control_plane(group: Mapping[str, object]) -> bool:
    spec = group.get("spec")
    return isinstance(spec, Mapping) and spec.get("role") in _CONTROL_PLANE


def _reason(change: Change, evidence: IdentityEvidence) -> str:
    key = key_of(change)
    if key in evidence.stored:
        return "the state store has it"
    if change.kind == KEYPAIR and change.name in evidence.node_keysets:
        return "its machines run with it"
    if key in evidence.kept:
        return f"snapshot {evidence.snapshot} has it"
    if evidence.lived and _is_of_every_cluster(change, evidence):
        return evidence.lived
    return ""


def _is_of_every_cluster(change: Change, evidence: IdentityEvidence) -> bool:
    """Whether a cluster that lived had it for sure.

    Where the nodes' configuration names keysets, it names all of them.
    """
    if change.kind == SECRET:
        return change.name in SECRETS_OF_ALL
    if evidence.node_keysets:
        return False
    etcds = {f"{start}{etcd}" for start in _OF_ETCD for etcd in _FIRST_ETCDS}
    return change.name in KEYSETS_OF_ALL | etcds
