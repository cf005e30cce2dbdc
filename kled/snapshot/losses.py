"""What a snapshot store has lost: how that is said, and what it keeps from going on.

A backup is written all the same, and is not green; a change waits until a person settles it.
"""

from collections.abc import Sequence

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.ledger import Ledger
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.trust import brief


def no_change(reasons: Sequence[str]) -> SnapshotNotTrustworthy:
    """Return the error of a change that would go on as if nothing had been lost."""
    return SnapshotNotTrustworthy(
        f"no change begins while the snapshot store may have lost snapshots: {brief(reasons)}",
        hint="kled snapshot verify --all tells what is wrong; find out who did it, then settle it:"
        " kled snapshot create --all, and for what is lost for good kled snapshot create --all"
        " --anew; in an emergency go on without a snapshot: --no-snapshot",
    )


def lost_of(ledger: Ledger, clusters: Sequence[str] | None) -> dict[SnapshotRef, str]:
    """Return the newest snapshots of clusters, or of all, that are named and gone, with words.

    One LIST, or one for each cluster; none where nothing is named.
    """
    return {
        ref: f"snapshot {ref.id} of {ref.cluster} is not listed in {ledger.snapshots.url}, and no"
        " prune removed it"
        for cluster in ([None] if clusters is None else dict.fromkeys(clusters))
        for ref in _missing(ledger, cluster)
    }


def _missing(ledger: Ledger, cluster: str | None) -> tuple[SnapshotRef, ...]:
    if not any(cluster in {None, ref.cluster} for ref in ledger.named):
        return ()
    return ledger.missing(ledger.snapshots.list(cluster), cluster)


def require_mounted(ledger: Ledger) -> None:
    """Raise `SnapshotMissing` where the store is empty that this state store was copied to.

    A directory that nothing is mounted on looks like that; whoever writes there has no backup.
    """
    snapshots, seen = ledger.snapshots, ledger.seen
    if seen is None or ledger.newest is not None:
        return
    if next(iter(snapshots.list()), None) is None:
        raise SnapshotMissing(
            f"{snapshots.url} is empty, and run {seen.run} was written there",
            hint="is it mounted, and is it the right one? if it was emptied on purpose:"
            " kled snapshot create --all --anew",
        )
