"""What each object below a cluster's prefix of the state store is.

Backed by the trees of a real 1.36.2 (captures state-store-1cp-*, state-store-3cp-*) and, for etcd's
backups, by etcd-manager's source (facts of the state-store layout). Keys are relative to
`<state-store>/<cluster>/`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from kled.errors import InvalidInput

ObjectKind = Literal["identity", "intent", "derived", "etcd-backup", "control"]
"""identity: CA keys and secrets, which nothing can bring back; intent: what a person defined;
derived: what `update cluster` writes anew; etcd-backup: copies of etcd; control: etcd-manager's
live state, which is no backup."""

CONFIG: Final = "config"
"""The cluster's own definition: where it is, there is a cluster."""
COMPLETED: Final = "cluster-completed.spec"
"""What an update writes of the definition that it applies, with all that kops filled in."""
KOPS_VERSION: Final = "kops-version.txt"
GROUPS: Final = "instancegroup/"
KEYSETS: Final = "pki/private/"
KEYSET_FILE: Final = "keyset.yaml"
SECRETS: Final = "secrets/"
SSH_KEYS: Final = "pki/ssh/public/"
"""Of identity what is no secret, and can be given again."""
ENCRYPTION_CONFIG: Final = "secrets/encryptionconfig"
CREATED_MARKER: Final = "etcd-cluster-created"
SPEC_MARKER: Final = "etcd-cluster-spec"
BACKUP_DATA: Final = "etcd.backup.gz"
BACKUP_META: Final = "_etcd_backup.meta"
"""The two objects of an etcd backup; the description is written last."""

_GROUP_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_GROUP: Final = 253
_CLUSTER_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_BACKUPS: Final = "backups/etcd/"
_CONTROL: Final = "control"
_BACKUP_PARTS: Final = 5  # backups/etcd/<etcd>/<name>/<file>
_IDENTITY: Final = ("pki/", "secrets/")
_DERIVED: Final = ("addons/", "manifests/", "igconfig/")
_DERIVED_FILES: Final = frozenset({COMPLETED, KOPS_VERSION})
_KOPS_FILES: Final = frozenset({CONFIG, *_DERIVED_FILES, "cluster.spec"})
_KOPS_TREES: Final = (
    *("addons/", "backups/", "clusteraddons/", "igconfig/", "manifests/"),
    *(GROUPS, "pki/", SECRETS),
)


def is_cluster_name(name: str) -> bool:
    """Say whether a directory of the state store could be a cluster's: `.git` is none."""
    return bool(_CLUSTER_NAME.fullmatch(name)) and ".." not in name


def require_cluster_name(name: str) -> str:
    """Return the name; raise `InvalidInput` for one that could be no directory of a cluster's."""
    if not name.strip():
        problem = "is empty, which is not the name of a cluster"
        raise InvalidInput("--name", problem, hint="a variable in it may be unset")
    if not is_cluster_name(name):
        raise InvalidInput(
            "--name",
            f"{name!r} is not the name of a cluster",
            hint="kled kops get-clusters lists those that are there",
        )
    return name


def require_group_name(name: str) -> str:
    """Return the name; raise `InvalidInput` for one that kops would refuse only once it is stored.

    kops takes a DNS subdomain (`ValidateInstanceGroupName`), and writes to the path that the name
    makes before it looks at it: `../../x` lies in another cluster.
    """
    if len(name) > _LONGEST_GROUP or not _GROUP_NAME.fullmatch(name):
        raise InvalidInput(
            "--instance-group",
            f"{name!r} is not the name of an instance group",
            hint="small letters, digits, dashes and dots, for example nodes-us-east-1a",
        )
    return name


def is_group(key: str) -> bool:
    """Say whether this is the object of an instance group; kops looks at nothing further below."""
    return key.startswith(GROUPS) and "/" not in key.removeprefix(GROUPS)


def is_of_a_cluster(key: str) -> bool:
    """Say whether only a cluster has such an object: keys, secrets, groups, what an update wrote.

    Where they are and the definition is not, it was lost. What etcd-manager leaves behind a deleted
    cluster, and what other tools write, says nothing.
    """
    return is_group(key) or key.startswith((KEYSETS, SECRETS)) or key in _DERIVED_FILES


def kind_of(key: str) -> ObjectKind:
    """Say what the object is. What kops does not write is intent: some person wanted it."""
    if key.startswith(_BACKUPS):
        return "control" if key.split("/", 4)[3:4] == [_CONTROL] else "etcd-backup"
    if key.startswith(_IDENTITY):
        return "identity"
    if key in _DERIVED_FILES or key.startswith(_DERIVED):
        return "derived"
    return "intent"


def is_foreign(key: str) -> bool:
    """Say whether kops does not know the object: `delete cluster` stops at the first such one.

    By then the cloud resources are gone; it says `refusing to delete: unknown file found`.
    """
    return key not in _KOPS_FILES and not key.startswith(_KOPS_TREES)


def is_marker(key: str) -> bool:
    """Say whether this is one of the two control objects without which etcd-manager starts anew."""
    parts = key.split("/")
    return (
        kind_of(key) == "control"
        and len(parts) == _BACKUP_PARTS
        and parts[4] in {CREATED_MARKER, SPEC_MARKER}
    )


def backup_place(key: str) -> tuple[str, str] | None:
    """Return the etcd cluster and the backup that a file of an etcd backup belongs to; else None.

    Cheap: of a living cluster's objects most are etcd's backups.
    """
    if not key.startswith(_BACKUPS):
        return None
    parts = key.split("/")
    if len(parts) != _BACKUP_PARTS or parts[3] == _CONTROL:
        return None
    return parts[2], parts[3]


def is_backup_data(key: str) -> bool:
    """Say whether this is the database of an etcd backup, not its description."""
    return kind_of(key) == "etcd-backup" and key.endswith(f"/{BACKUP_DATA}")


def is_complete(keys: Iterable[str]) -> bool:
    """Say whether one etcd backup has all its files; its description is written last."""
    return {BACKUP_META, BACKUP_DATA} <= {key.rpartition("/")[2] for key in keys}


@dataclass(frozen=True, slots=True)
class EtcdBackup:
    """One backup of one etcd cluster (main, events, cilium)."""

    etcd: str
    name: str
    """Time and sequence, `2026-11-24T23:45:00Z-000075`: names sort by age."""
    keys: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether both files are there."""
        return is_complete(self.keys)


def etcd_backups(keys: Iterable[str]) -> tuple[EtcdBackup, ...]:
    """Group the keys of etcd backups, by etcd cluster and newest first; other keys are ignored."""
    backups: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        place = backup_place(key)
        if place is not None:
            backups.setdefault(place, []).append(key)
    newest = sorted(backups, key=lambda place: place[1], reverse=True)
    return tuple(
        EtcdBackup(etcd, name, tuple(sorted(backups[etcd, name])))
        for etcd, name in sorted(newest, key=lambda place: place[0])
    )
