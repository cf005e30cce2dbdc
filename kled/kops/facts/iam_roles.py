"""The IAM roles of a cluster on AWS: pure, from kops' own names.

IAM is global within an account, and kops names roles (and instance profiles, alike) after the
cluster alone: `masters.NAME`, `nodes.NAME`, `bastions.NAME`, `apiservers.NAME` (captures 02b and
07; `pkg/model/names.go`), and `ACCOUNT.NAMESPACE.sa.NAME` for service accounts. A group whose
`spec.iam.profile` is set uses that profile, and kops makes no role for it. Kops deletes the roles
that bear the cluster's name in their tags, whoever uses them (facts, seen with 1.36.2).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kled.models.definition import Definition

_NAMED: Final[Mapping[str, str]] = {
    "Master": "masters",
    "ControlPlane": "masters",
    "Node": "nodes",
    "Bastion": "bastions",
    "APIServer": "apiservers",
}
"""Role of an instance group, in either spelling, to the start of its IAM role's name."""


def named_after(cluster: str) -> frozenset[str]:
    """Return the roles that kops changes or deletes for a cluster of that name."""
    return frozenset(f"{start}.{cluster}" for start in _NAMED.values())


def owned(definition: Definition) -> frozenset[str]:
    """Return the roles that an update or a deletion of the cluster may change; empty off AWS."""
    if not _on_aws(definition):
        return frozenset()
    return named_after(definition.name) | frozenset(_service_accounts(definition))


def used(definition: Definition) -> frozenset[str]:
    """Return the roles and instance profiles that the cluster's machines and pods live by."""
    if not _on_aws(definition):
        return frozenset()
    groups = (_profile(group) or _default(group, definition.name) for group in definition.groups)
    return frozenset(filter(None, groups)) | frozenset(_service_accounts(definition))


def _on_aws(definition: Definition) -> bool:
    provider = _mapping(definition.cluster.get("spec")).get("cloudProvider")
    return provider == "aws" or (isinstance(provider, Mapping) and "aws" in provider)


def _profile(group: Mapping[str, object]) -> str:
    """Return the name at the end of an ARN such as `arn:aws:iam::1234:instance-profile/a/nodes`."""
    profile = _mapping(_mapping(group.get("spec")).get("iam")).get("profile")
    return str(profile or "").rpartition("/")[2]


def _default(group: Mapping[str, object], cluster: str) -> str:
    start = _NAMED.get(str(_mapping(group.get("spec")).get("role")))
    return f"{start}.{cluster}" if start else ""


def _service_accounts(definition: Definition) -> Iterator[str]:
    iam = _mapping(_mapping(definition.cluster.get("spec")).get("iam"))
    listed = iam.get("serviceAccountExternalPermissions")
    for role in listed if isinstance(listed, list) else ():
        if isinstance(role, Mapping) and role.get("name") and role.get("namespace"):
            yield f"{role['name']}.{role['namespace']}.sa.{definition.name}"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
