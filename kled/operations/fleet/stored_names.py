"""Names in a store, taken from its listing: no object is opened, and kops is not asked.

They serve shell completion, which has no time. A name is only yielded where it has the form of one:
anybody who may write to the store chooses the text.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from kled.kops.state_store import layout
from kled.operations.fleet.registered import prefixes
from kled.snapshot.documents import names

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?")
"""What kops and people call keysets, secrets (`system:dns`) and groups."""


def clusters(store: "ObjectStore", beginning: str = "") -> Iterator[str]:
    """Yield, in order, the directories of a state store that could be clusters and start so.

    A cluster with a lost definition is among them. Raises `StoreError`, as every function here
    does.
    """
    return prefixes(store, beginning)


def instance_groups(store: "ObjectStore", cluster: str) -> Iterator[str]:
    """Yield the names of a cluster's instance groups, in order."""
    return _directly_below(store, f"{_home(cluster)}{layout.GROUPS}", "file")


def keysets(store: "ObjectStore", cluster: str) -> Iterator[str]:
    """Yield the names of a cluster's keysets, in order."""
    return _directly_below(store, f"{_home(cluster)}{layout.KEYSETS}", "directory")


def secrets(store: "ObjectStore", cluster: str) -> Iterator[str]:
    """Yield the names of a cluster's secrets, in order; never their values."""
    return _directly_below(store, f"{_home(cluster)}{layout.SECRETS}", "file")


def snapshots(store: "ObjectStore", cluster: str) -> tuple[str, ...]:
    """Return the ids of a cluster's snapshots, newest first by the time that they tell."""
    of = map(names.snapshot_of, _keys(store, names.cluster_prefix(cluster)))
    return tuple(sorted((snapshot[1] for snapshot in of if snapshot is not None), reverse=True))


def clusters_with_snapshots(store: "ObjectStore", beginning: str = "") -> Iterator[str]:
    """Yield, in order, the clusters with a snapshot in the store whose names start so."""
    last = ""
    for key in _keys(store, f"{names.CLUSTERS}{beginning}"):
        of = names.snapshot_of(key)
        if of is not None and of[0] != last:
            last = of[0]
            yield last


def identity_keys(store: "ObjectStore", cluster: str) -> frozenset[str]:
    """Return the keys of all keysets and secrets, relative to the prefix."""
    parts = (layout.KEYSETS, layout.SECRETS)
    return frozenset(key for part in parts for key in keys_below(store, cluster, part))


def keys_below(store: "ObjectStore", cluster: str, below: str) -> tuple[str, ...]:
    """Return all keys below a part of a cluster's prefix, in order, relative to the prefix.

    Keys of any form are among them, so they are not to be offered as names.
    """
    return tuple(
        entry.key.removeprefix(f"{cluster}/") for entry in store.entries(f"{cluster}/{below}")
    )


def _home(cluster: str) -> str:
    return f"{layout.require_cluster_name(cluster)}/"


def _directly_below(store: "ObjectStore", prefix: str, kind: str) -> Iterator[str]:
    """Yield the names of the files, or of the directories, that lie directly below a prefix."""
    is_of_kind: Callable[[str], bool] = bool if kind == "directory" else lambda slash: not slash
    last = ""
    for key in _keys(store, prefix):
        name, slash, _ = key.removeprefix(prefix).partition("/")
        if is_of_kind(slash) and name != last and _NAME.fullmatch(name):
            last = name
            yield last


def _keys(store: "ObjectStore", prefix: str) -> Iterator[str]:
    return (entry.key for entry in store.entries(prefix) if entry.unfit is None)
