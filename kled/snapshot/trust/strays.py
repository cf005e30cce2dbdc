"""Strays: manifests that somebody put into a snapshot store, of clusters that it does not know.

A snapshot of a known cluster comes from a state store where its runs or its epoch place it.
Two clusters of one name in two state stores are known by the runs of both.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Final, NamedTuple

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.parallel import in_parallel
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.trust.origin import Origins
from kled.visible import visible

_SO: Final = (
    "and nothing in this snapshot store knows the cluster there: somebody put it in, or another"
    " snapshot store is meant; where it is not wanted, move its directory out of the snapshot store"
)


def explain_stray(origins: Origins, manifest: Manifest) -> str:
    """Say why a snapshot is none of this snapshot store's clusters; empty: it is."""
    if origins.lineage(manifest) is not None:
        return ""
    return f"it is of {visible(manifest.state_store)}, {_SO}"


def find_newest_of_each(
    origins: Origins, present: Iterable[SnapshotRef]
) -> tuple[tuple[SnapshotRef, ...], tuple[tuple[SnapshotRef, str], ...]]:
    """Return the newest snapshot of every cluster, and the newer ones that are none of theirs.

    `present` is by cluster. Where clusters of one name live in several state stores, it goes back
    to the newest of the one at hand. A GET for each that is looked at; one that cannot be read is
    returned, so that the check tells.
    """
    clusters = [
        (cluster, tuple(ref.id for ref in refs))
        for cluster, refs in groupby(present, key=lambda ref: ref.cluster)
    ]

    def look(cluster: str, ids: Sequence[str]) -> _Newest:
        newest_first = reversed(origins.ledger.oldest_first(cluster, ids))
        return _find_newest(
            origins, [SnapshotRef(cluster, snapshot_id) for snapshot_id in newest_first]
        )

    seen = sorted(in_parallel((0, partial(look, *cluster)) for cluster in clusters))
    return (
        tuple(ref for newest in seen for ref in newest.refs),
        tuple(stray for newest in seen for stray in newest.strays),
    )


class _Newest(NamedTuple):
    """What is newest of one cluster."""

    refs: tuple[SnapshotRef, ...]
    strays: tuple[tuple[SnapshotRef, str], ...]


def _find_newest(origins: Origins, newest_first: Iterable[SnapshotRef]) -> _Newest:
    newest: dict[str, SnapshotRef] = {}
    strays: list[tuple[SnapshotRef, str]] = []
    for ref in newest_first:
        try:
            manifest = origins.ledger.snapshots.manifest(ref)
        except SnapshotMissing:
            continue
        except SnapshotNotTrustworthy:
            newest.setdefault("", ref)
            break
        reason = explain_stray(origins, manifest)
        if reason:
            strays.append((ref, reason))
            continue
        newest.setdefault(origins.lineage(manifest) or "", ref)
        if not origins.foreign(manifest):
            break
    return _Newest(tuple(newest.values()), tuple(strays))
