"""Keys that were added to a cluster's keyset, and that another cluster of the state store lives by.

To everything else they look like those of a rotation that no snapshot has seen: a key joins, and
then it signs. Whoever holds the other cluster's key would be an authority of this one.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from kled.errors import ObjectMissing, StoreDenied
from kled.kops.state_store import keyset_keys, layout, shared_keys
from kled.kops.state_store.identity import NODE_CONFIGS
from kled.kops.state_store.keyset_keys import Marks
from kled.snapshot.parallel import in_parallel
from kled.storage.base import ObjectStore
from kled.storage.bounded import get_bounded, get_if_readable
from kled.storage.directories import directories

_AT_ONCE: Final = 16


def find_neighbours_keys(
    state: ObjectStore, known: Marks, objects: Mapping[str, bytes], cluster: str
) -> dict[str, str]:
    """Return the keysets among `objects` with another cluster's key, and that cluster's name.

    `known` are the marks of each keyset that the cluster is known to have had; one without is not
    asked about. Only where a key is none of them the state store is asked: one listing of its
    clusters, and of each a GET for each such keyset. What a cluster lives by is what its control
    plane is configured with. Who may not look at others finds nothing. Raises what the state store
    raises else.
    """
    files = keyset_keys.files(objects)
    new = {
        name: publics
        for name, marks in known.items()
        if name in files and (publics := shared_keys.added(marks, objects[files[name]]))
    }
    if not new:
        return {}
    others = (name for name in directories(state) if layout.is_cluster_name(name))
    tasks = ((0, partial(_find_shared, state, new, other)) for other in others if other != cluster)
    try:
        shared = sorted(in_parallel(tasks, threads=_AT_ONCE))
    except StoreDenied:
        return {}
    return {name: other for other, names in shared for name in names}


def _find_shared(
    state: ObjectStore, new: Mapping[str, frozenset[bytes]], other: str
) -> tuple[str, tuple[str, ...]]:
    """Return the other cluster, and the keysets of which it lives by one of the new keys."""
    held = {
        name: marks for name, keys in new.items() if (marks := _find_held(state, other, name, keys))
    }
    configured = keyset_keys.of_machines(dict(_configs(state, other)), other) if held else {}
    return other, tuple(
        sorted(name for name, marks in held.items() if marks & configured.get(name, frozenset()))
    )


def _find_held(
    state: ObjectStore, other: str, name: str, publics: frozenset[bytes]
) -> frozenset[str]:
    key = f"{other}/{layout.KEYSETS}{name}/{layout.KEYSET_FILE}"
    return shared_keys.holding(publics, get_if_readable(state, key) or b"")


def _configs(state: ObjectStore, other: str) -> Iterator[tuple[str, bytes]]:
    for entry in state.entries(f"{other}/{NODE_CONFIGS}"):
        try:
            yield entry.key.removeprefix(f"{other}/"), get_bounded(state, entry.key).body
        except ObjectMissing:  # removed since
            continue
