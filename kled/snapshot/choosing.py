"""From what people type to a snapshot: its id, or `latest`."""

from collections.abc import Mapping
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot import names
from kled.snapshot.ledger import Ledger, read_ledger
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.storage.base import ObjectStore

LATEST: Final = "latest"


def choose(
    snapshots: SnapshotStore, cluster: str, snapshot: str, *, state: ObjectStore | None = None
) -> SnapshotRef:
    """Return the snapshot of that id, or the newest for `latest`.

    `state` is asked which snapshot it remembers as the newest. Raises `SnapshotMissing` where there
    is none, and where the newest one was removed by somebody else than a prune, and
    `SnapshotNotTrustworthy` where a newer one may be hidden: an older one must be named, not be
    taken for the newest. Raises `InvalidInput` for what is neither id nor `latest`.
    """
    if snapshot != LATEST:
        names.moment(snapshot)
        return SnapshotRef(names.checked_cluster(cluster), snapshot)
    ledger = read_ledger(snapshots, state)
    ids = ledger.oldest_first(cluster, (ref.id for ref in snapshots.list(cluster)))
    _require_whole(ledger, cluster, ids)
    if not ids:
        raise SnapshotMissing(
            f'there is no snapshot of cluster "{cluster}" in {snapshots.url}',
            hint="kled snapshot list shows the clusters that have one",
        )
    return SnapshotRef(cluster, ids[-1])


def _require_whole(ledger: Ledger, cluster: str, ids: tuple[str, ...]) -> None:
    """Raise where the last of `ids` need not be the newest there was."""
    hint = (
        f"to use the newest that is left, name it: {ids[-1]}"
        if ids
        else "a second site may have it: kled snapshot list --snapshot-store=URL"
    )
    gone = ledger.missing((SnapshotRef(cluster, one) for one in ids), cluster)
    if gone:
        raise SnapshotMissing(
            f'the newest snapshot of cluster "{cluster}", {gone[-1].id}, was removed from'
            f" {ledger.snapshots.url}, and not by a prune",
            hint=hint,
        )
    if ledger.doubts:
        raise SnapshotNotTrustworthy(
            f'which snapshot of cluster "{cluster}" is the newest is not sure: {ledger.doubts[0]}',
            hint=hint,
        )


def removed(
    snapshots: SnapshotStore, newest: Mapping[str, str], ledger: Ledger | None = None
) -> tuple[tuple[str, str], ...]:
    """Return clusters and ids that the newest runs name and that are newer than what is there.

    `newest` is what is there, by cluster.
    """
    ledger = ledger or read_ledger(snapshots)
    present = [SnapshotRef(*pair) for pair in newest.items()]
    return tuple(
        (ref.cluster, ref.id)
        for ref in ledger.missing(present)
        if ref.id > newest.get(ref.cluster, "")
    )
