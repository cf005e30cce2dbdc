"""Whether a cluster of another state store is a different cluster of the same name.

A cluster is identified by its keys, and a rotation adds a key before it takes one away. So the
snapshots of one cluster, wherever it lived, form a chain of keys. Two clusters that share no key
are different ones.
"""

from functools import partial
from typing import TYPE_CHECKING

from kled.errors import KledError
from kled.kops.state_store import keyset_keys, layout
from kled.operations.fleet.stored_names import keys_below
from kled.storage.bounded import get_if_readable
from kled.store_urls import is_same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.repository import SnapshotStore
    from kled.storage.base import ObjectStore


def is_namesake(snapshots: "SnapshotStore", state: "ObjectStore", cluster: str, other: str) -> bool:
    """Say whether the cluster of the `other` state store shares no key with the one in `state`.

    Compares all snapshots of both, and what `state` holds now: a GET for each snapshot of the name.
    Where a snapshot cannot be read, or a side has no keys, the answer is no. Only reads.
    """
    try:
        manifests = _manifests(snapshots, cluster)
        here = state.location.url
        theirs = _certificates(
            manifest for manifest in manifests if is_same(manifest.state_store, other)
        )
        ours = _certificates(
            manifest for manifest in manifests if is_same(manifest.state_store, here)
        )
        ours |= _stored(state, cluster)
    except KledError:
        return False
    return bool(ours) and bool(theirs) and not ours & theirs


def ids_of(snapshots: "SnapshotStore", state: "ObjectStore", cluster: str) -> frozenset[str]:
    """Return the ids of the snapshots of namesakes of the cluster in `state`. Only reads.

    Costs a few GETs for each snapshot of the name.
    """
    try:
        manifests = _manifests(snapshots, cluster)
    except KledError:
        return frozenset()
    urls = {manifest.state_store for manifest in manifests}
    others = {url for url in urls if is_namesake(snapshots, state, cluster, url)}
    return frozenset(manifest.id for manifest in manifests if manifest.state_store in others)


def _manifests(snapshots: "SnapshotStore", cluster: str) -> "list[Manifest]":
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    refs = snapshots.list(cluster)
    return list(in_parallel((0, partial(snapshots.manifest, ref)) for ref in refs))


def _certificates(manifests: "Iterable[Manifest]") -> frozenset[str]:
    held = (keyset for manifest in manifests for keyset in manifest.keysets.values())
    return keyset_keys.certificates(held)


def _stored(state: "ObjectStore", cluster: str) -> frozenset[str]:
    files = keyset_keys.files(keys_below(state, cluster, layout.KEYSETS)).values()
    bodies = {key: get_if_readable(state, f"{cluster}/{key}") or b"" for key in files}
    return keyset_keys.certificates(keyset_keys.of_store(bodies).values())
