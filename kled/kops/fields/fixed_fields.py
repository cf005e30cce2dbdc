"""Fields that say what an object is and where its keys are: an edit that changes one is refused.

kops would store another object under the new name, look for keys at the new place and make new
ones there, look for machines at another cloud, or leave a group's machines behind for machines of
another role. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kled.errors import InvalidInput
from kled.kops.fields import set_paths
from kled.kops.fields.set_paths import Path
from kled.kops.state_store.locations import path as path_of
from kled.kops.state_store.locations import places_of
from kled.models.definition import COUNTED
from kled.sentences import options

Document = Mapping[str, Any]
_NAME: Final[Path] = ("metadata", "name")
_ROLE: Final[Path] = ("spec", "role")
_KIND: Final[Path] = ("kind",)
_VERSION: Final[Path] = ("apiVersion",)
_CLOUD: Final[Path] = ("spec", "cloudProvider")
_METAL: Final[Path] = ("metadata", "labels", "alpha.kops.k8s.io/cloud")
"""A label that makes kops take a cluster for one of no cloud (pkg/apis/kops/cluster.go)."""
_COUNTED: Final[tuple[Path, ...]] = tuple(tuple(field.split(".")) for field in COUNTED)
_STORED_AS: Final[Mapping[Path, Path]] = {
    ("spec", "configStore", "base"): ("spec", "configBase"),
    ("spec", "configStore", "keypairs"): ("spec", "keyStore"),
    ("spec", "configStore", "secrets"): ("spec", "secretStore"),
}
"""What kops calls a place in `--set`, to the name under which it stores it (T-setc-*)."""
_BACKUPS: Final[Path] = ("spec", "etcdClusters", "*", "backups", "backupStore")
_PLACES: Final[tuple[Path, ...]] = (*_STORED_AS, *_STORED_AS.values(), _BACKUPS)
_OWN: Final[Mapping[Path, str]] = {
    ("spec", "configBase"): "",
    ("spec", "keyStore"): "/pki",
    ("spec", "secretStore"): "/secrets",
}
"""Where each place is by default, below the cluster's own part of its state store."""
OF_A_NEW_CLUSTER: Final[tuple[Path, ...]] = (_NAME, _KIND, _VERSION, *_PLACES)
"""Whose cloud is chosen as it is made."""
OF_A_CLUSTER: Final[tuple[Path, ...]] = (_NAME, _KIND, _VERSION, _CLOUD, _METAL, *_PLACES)
OF_A_GROUP: Final[tuple[Path, ...]] = (_NAME, _KIND, _VERSION, _ROLE)
_NONE: Final = "(none)"
_SAME_ROLE: Final = {"ControlPlane": "Master"}
"""kops' own word for a role, to the stored one (captures 12b and 12d)."""
_ETCD: Final = (
    "the cluster's objects are on the volumes of its etcd clusters, which kops finds by what stands"
    " there; change one field of it by its path, as --set=spec.etcdClusters[0].version=X.Y.Z"
)
_HINTS: Final[Mapping[Path, str]] = {
    _BACKUPS: "etcd-manager finds there that the cluster was made, and begins an empty etcd at"
    " another place",
    _NAME: "another name is another object: make it with create-cluster or create-instance-group",
    _KIND: "the object stays what it is",
    _VERSION: "kops writes the one that it has",
    _CLOUD: "it is chosen when a cluster is created: kled kops create-cluster --cloud=CLOUD",
    _METAL: "kops would look for the cluster's machines at no cloud",
    **dict.fromkeys(_COUNTED, "kops counts the changes of an object itself"),
    _ROLE: "a group keeps its role: make another one with create-instance-group, and move to it",
}
_MOVED: Final = (
    "kops would look for the cluster's keys there and make new ones; move a cluster's state with"
    " kled snapshot restore --name=CLUSTER --snapshot=latest --to=URL --rewrite-places"
)


@dataclass(frozen=True, slots=True)
class ChangedFixedField:
    """A fixed field that an edit would change."""

    field: str
    before: str
    after: str

    def __str__(self) -> str:
        """Return the field with both values."""
        return f"{self.field}: {self.before} -> {self.after}"


def refuse_sets(
    stored: Document,
    fixed: Sequence[Path],
    sets: Sequence[str],
    unsets: Sequence[str] = (),
    *,
    root: str = "",
) -> None:
    """Raise `InvalidInput` where a `--set` or `--unset` would change one of the `fixed` fields.

    A value that the field has already changes nothing. `root` is the cluster's own part of its
    state store: a place that is set to where it is by default there is mended, not moved.
    """
    for text in sets:
        path, value = set_paths.assignment(text)
        for field in (*fixed, *_COUNTED):
            was = _shown(stored, field)
            mends = path == field and is_own_place(field, value, root)
            if _changes(text, path, field) and _plain(value) != was and not mends:
                raise _refusal("--set", ChangedFixedField(".".join(path), was, value), field)
    for text in unsets:
        path = set_paths.path_of(text)
        for field in (*fixed, *_COUNTED):
            was = _shown(stored, path if field == _BACKUPS else field)
            if _changes(text, path, field) and (field != _METAL or was != _NONE):
                held = field if path == field or field != _BACKUPS else path
                raise _refusal("--unset", ChangedFixedField(".".join(path), was, _NONE), held)


def sets_a_place(text: str) -> bool:
    """Whether a `--set` names a place where a cluster keeps its state."""
    path, _ = set_paths.assignment(text)
    return any(set_paths.overlap(path, field) for field in _PLACES)


def refuse_changes(
    stored: Document, edited: Document, fixed: Sequence[Path], *, root: str = ""
) -> None:
    """Raise `InvalidInput` where an edited object differs from the stored one in a fixed field.

    `root` is the cluster's own part of its state store, as in `refuse_sets`: what is mended there
    is not moved.
    """
    for field in fixed:
        if field not in _PLACES:
            was, now = _shown(stored, field), _shown(edited, field)
            if was != now:
                raise _refusal(".".join(field), ChangedFixedField(".".join(field), was, now), field)
    if any(field in _PLACES for field in fixed):
        for moved in _moved_places(stored, edited):
            if is_own_place(_path_of(moved.field), moved.after, root):
                continue
            raise _refusal(moved.field, moved, _path_of(moved.field))


def is_own_place(field: Path, url: str, root: str) -> bool:
    """Whether the place is where kops puts it by default below `root`; False without one."""
    if not root:
        return False
    if field == _BACKUPS:
        return path_of(url).startswith(f"{path_of(root)}/backups/etcd/") and ".." not in url
    own = _OWN.get(_STORED_AS.get(field, field))
    return own is not None and path_of(url) == path_of(f"{root}{own}")


def _changes(text: str, path: Path, field: Path) -> bool:
    """Whether to set or unset `path`, as it stands in `text`, changes the field.

    Below the cloud there are kops' internal names alone (`kops.fields`). A path of options cannot
    say where the key of a map begins: the label is looked for as it is written.
    """
    if field == _METAL and path[: len(_METAL) - 1] == _METAL[:-1]:
        return _METAL[-1] in text or text.strip().endswith(_METAL[-2])
    below_the_cloud = field == _CLOUD and len(path) > len(_CLOUD)
    return bool(path) and set_paths.overlap(path, field) and not below_the_cloud


def _moved_places(stored: Document, edited: Document) -> Iterator[ChangedFixedField]:
    before = {place.field: place.url for place in places_of(stored)}
    after = {place.field: place.url for place in places_of(edited)}
    for field in sorted(before.keys() | after.keys()):
        if before.get(field) != after.get(field):
            yield ChangedFixedField(field, before.get(field, _NONE), after.get(field, _NONE))


def _path_of(field: str) -> Path:
    """Return the path of a place's field; etcd's are named by their clusters."""
    return _BACKUPS if field.endswith(".backupStore") else tuple(field.split("."))


def _refusal(where: str, moved: ChangedFixedField, field: Path) -> InvalidInput:
    hint = _HINTS.get(field, _ETCD if field[:2] == _BACKUPS[:2] else _MOVED)
    return InvalidInput(where, f"{moved} is refused", hint=f"{hint}; nothing was stored")


def _shown(document: Document, path: Path) -> str:
    value: Any = document
    for at, key in enumerate(_STORED_AS.get(path, path)):
        if key == "*" and isinstance(value, list):
            each = (_shown({"": inner}, ("", *path[at + 1 :])) for inner in value)
            return ", ".join(dict.fromkeys(each)) or _NONE
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, list | Mapping):
        value = _names(value)
    return _NONE if value in (None, "") else _plain(str(value))


def _names(value: object) -> str:
    """Return what objects of a list are called, `main, events`; of a map its keys."""
    if isinstance(value, Mapping):
        return str(value.get("name") or ", ".join(map(str, value)))
    return ", ".join(map(_names, value)) if isinstance(value, list) else str(value)


def _plain(value: str) -> str:
    return _SAME_ROLE.get(value, value)


def mending(field: str, root: str) -> str:
    """Return the `--set` that puts a place back where it is by default below `root`.

    Under the name that is stored, as people type it; kops takes it under another (T-setc-*).
    """
    path = tuple(field.split("."))
    stored = _STORED_AS.get(path, path)
    own = f"{root}{_OWN[stored]}" if stored in _OWN else "URL"
    return options(set=f"{'.'.join(stored)}={own}")
