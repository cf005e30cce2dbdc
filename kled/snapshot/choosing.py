"""From what people type to a snapshot: its id, or `latest`."""

from collections.abc import Mapping
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
    newest = {cluster: found[-1].id} if found else {}
    gone = dict(removed(snapshots, newest)).get(cluster)
    if gone is not None:
        raise SnapshotMissing(
            f'the newest snapshot of cluster "{cluster}", {gone}, was removed from'
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


def removed(snapshots: SnapshotStore, newest: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return clusters and ids that the newest run names and that are newer than what is there.

    `newest` is what is there, by cluster. Nothing is said where the run's document is damaged:
    `verify` reports that, and it must not keep anybody from restoring.
    """
    try:
        run = runs.newest(snapshots)
    except SnapshotNotTrustworthy:
        return ()
    named = {name: one.snapshot for name, one in run.clusters.items()} if run else {}
    gone = [
        (name, one) for name, one in sorted(named.items()) if one and one > newest.get(name, "")
    ]
    if not gone:
        return ()
    pruned = runs.pruned(snapshots)
    return tuple((name, one) for name, one in gone if SnapshotRef(name, one) not in pruned)
