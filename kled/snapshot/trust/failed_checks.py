"""The failed checks of a cluster's snapshots that still stand."""

from collections.abc import Collection, Iterator

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.documents.proofs import FailedProof, read_later
from kled.snapshot.repository import SnapshotRef, SnapshotStore

FailedCheck = tuple[Manifest, FailedProof]


def failed_checks(
    snapshots: SnapshotStore,
    marked: Collection[tuple[str, str]],
    cluster: str,
) -> Iterator[FailedCheck]:
    """Yield each failed check of the cluster with the manifest of its snapshot, by id.

    `marked` are clusters and ids for which a check once went wrong: a few requests for each of the
    cluster's, and none else. A check that was repeated and holds counts no more.
    """
    for name, snapshot_id in sorted(marked):
        if name != cluster:
            continue
        try:
            manifest = snapshots.manifest(SnapshotRef(name, snapshot_id))
        except (SnapshotMissing, SnapshotNotTrustworthy):
            continue
        yield from ((manifest, wrong) for wrong in read_later(snapshots, manifest).failed)
