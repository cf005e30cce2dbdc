"""Snapshots of the place that is restored into, which cannot be the source of the restore."""

from contextlib import suppress
from typing import TYPE_CHECKING

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.store_urls import is_same

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotStore


def snapshots_taken_from(
    snapshots: "SnapshotStore", cluster: str, url: str, *, after: str = ""
) -> frozenset[str]:
    """Return the ids of the cluster's snapshots that were taken from the state store at `url`.

    Only those after the id `after`; a GET for each.
    """
    own = set()
    for ref in snapshots.list(cluster):
        with suppress(SnapshotMissing, SnapshotNotTrustworthy):
            if ref.id > after and is_same(snapshots.manifest(ref).state_store, url):
                own.add(ref.id)
    return frozenset(own)
