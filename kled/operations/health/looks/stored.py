"""Reads what the state store has of clusters that their health is judged by. Changes nothing.

All clusters are listed together, then all objects read together: with 30 ms to the store that is
two waits, not some for each cluster.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from kled.errors import KledError
from kled.kops.state_store import contents, layout
from kled.snapshot.create.row_words import explain_failure
from kled.snapshot.parallel import in_parallel
from kled.storage.base import Entry, ObjectStore
from kled.storage.bounded import get_if_readable

T = TypeVar("T")
AT_ONCE: Final = 32
_READ: Final = frozenset({layout.CONFIG, layout.KOPS_VERSION, *contents.COMPLETED})


@dataclass(frozen=True, slots=True)
class StoredCluster:
    """What the state store has of one cluster."""

    cluster: str
    listing: tuple[Entry, ...] = ()
    """Whole keys, in order."""
    objects: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The definition, what kops applied, and the keysets, by relative key; keysets are secret."""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What kops applied last, else the definition; empty where neither can be read."""
    problem: KledError | None = None
    """Why it cannot be read; all else is empty then."""

    @property
    def is_applied(self) -> bool:
        """Whether kops has ever brought it to the cloud."""
        return any(key in self.objects for key in (layout.KOPS_VERSION, *contents.COMPLETED))

    @property
    def since(self) -> datetime | None:
        """When the first of its objects was written here; None: the store does not tell.

        A cluster that was just made, or restored, has none that is older.
        """
        return min((entry.modified for entry in self.listing if entry.modified), default=None)


def read_clusters(store: ObjectStore, clusters: Iterable[str]) -> dict[str, StoredCluster]:
    """Return what the store has of each of the clusters; one that cannot be read has a problem."""
    named = tuple(clusters)
    listed = each_at_once(named, partial(_listed, store))
    wanted = [
        entry.key
        for listing in listed.values()
        if not isinstance(listing, KledError)
        for entry in listing
        if _is_wanted(entry)
    ]
    bodies = each_at_once(wanted, partial(get_if_readable, store))
    return {cluster: _stored(cluster, listed[cluster], bodies) for cluster in named}


def each_at_once(keys: Iterable[str], ask: Callable[[str], T]) -> dict[str, T | KledError]:
    """Return what `ask` returns for each key, or the error of that one, asked at once."""
    tasks = ((0, partial(_asked, ask, key)) for key in keys)
    return dict(in_parallel(tasks, threads=AT_ONCE))


def _asked(ask: Callable[[str], T], key: str) -> tuple[str, T | KledError]:
    try:
        return key, ask(key)
    except Exception as caught:  # noqa: BLE001 - one bad thing stops one thing
        return key, explain_failure(caught)


def _listed(store: ObjectStore, cluster: str) -> tuple[Entry, ...]:
    return tuple(store.entries(f"{cluster}/"))


def _is_wanted(entry: Entry) -> bool:
    relative = entry.key.partition("/")[2]
    return entry.unfit is None and (relative in _READ or contents.is_keyset(relative))


def _stored(
    cluster: str,
    listing: tuple[Entry, ...] | KledError,
    bodies: Mapping[str, bytes | KledError | None],
) -> StoredCluster:
    if isinstance(listing, KledError):
        return StoredCluster(cluster, problem=listing)
    objects = {}
    for entry in filter(_is_wanted, listing):
        body = bodies[entry.key]
        if isinstance(body, KledError):
            return StoredCluster(cluster, problem=body)
        if body is not None:
            objects[entry.key.removeprefix(f"{cluster}/")] = body
    return StoredCluster(cluster, listing, objects, _document(objects))


def _document(objects: Mapping[str, bytes]) -> Mapping[str, Any]:
    applied = contents.applied(objects)
    return applied or contents.mapping(objects.get(layout.CONFIG, b"")) or {}
