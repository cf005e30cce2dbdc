"""From what people type to a snapshot: its id, or `latest`."""

from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot import names, runs
from kled.snapshot.repository import SnapshotRef, SnapshotStore

LATEST: Final = "latest"


def choose(snapshots: SnapshotStore, cluster: str, snapshot: str) -> SnapshotRef:
    """Return the snapshot of that id, or the newest for `latest`.

    Raises `SnapshotMissing` where there is none, and where the newest one was removed by somebody
    else than a prune: an older one must be named, not be taken for the newest. Raises
    `InvalidInput` for what is neither id nor `latest`.
    """
    if snapshot != LATEST:
        names.moment(snapshot)
        return SnapshotRef(names.checked_cluster(cluster), snapshot)
    found = list(snapshots.list(cluster))
    removed = _removed(snapshots, cluster, found[-1].id if found else "")
    if removed is not None:
        raise SnapshotMissing(
            f'the newest snapshot of cluster "{cluster}", {removed}, was removed from'
            f" {snapshots.url}, and not by a prune",
            hint=f"to use the newest that is left, name it: {found[-1].id}"
            if found
            else "a second site may have it: kled snapshot list --snapshot-store=URL",
        )
    if not found:
        raise SnapshotMissing(
            f'there is no snapshot of cluster "{cluster}" in {snapshots.url}',
            hint="kled snapshot list shows the clusters that have one",
        )
    return found[-1]


def _removed(snapshots: SnapshotStore, cluster: str, newest: str) -> str | None:
    """Return the id that the newest run names and that is newer than what is there."""
    try:
        run = runs.newest(snapshots)
    except SnapshotNotTrustworthy:
        return None  # `verify` reports it; that must not keep anybody from restoring
    entry = run.clusters.get(cluster) if run else None
    named = entry.snapshot if entry else None
    if named is None or named <= newest:
        return None
    return None if SnapshotRef(cluster, named) in runs.pruned(snapshots) else named
