"""What a snapshot store has lost: how that is said, and what it keeps from going on.

A backup is written all the same, and is not green; a change waits until a person settles it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.layout import is_cluster_name
from kled.snapshot.history import Holdings, missing_runs
from kled.snapshot.ledger import Ledger
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.trust import brief


def no_change(reasons: Sequence[str]) -> SnapshotNotTrustworthy:
    """Return the error of a change that would go on as if nothing had been lost."""
    return SnapshotNotTrustworthy(
        f"no change begins while the snapshot store may have lost snapshots: {brief(reasons)}",
        hint="kled snapshot verify --all tells what is wrong; find out who did it, then settle it:"
        " kled snapshot create --all; what is lost for good is given up by kled snapshot create"
        " --all --anew; in an emergency go on without a snapshot: --no-snapshot",
    )


GIVEN_UP: Final = (
    "is the store mounted, and is this all of it? what is lost for good is given up, and made anew,"
    " by kled snapshot create --all --anew"
)


@dataclass(frozen=True, slots=True)
class Losses:
    """What is gone, of some clusters or of all."""

    held: Holdings
    refs: tuple[SnapshotRef, ...] = ()
    """The newest snapshots that are named and not listed."""
    words: tuple[str, ...] = ()
    """All that is gone, runs and older snapshots too."""


def losses_of(ledger: Ledger, clusters: Sequence[str] | None = None) -> Losses:
    """Return what is gone, and no prune removed; one LIST, or one for each cluster, and of runs."""
    snapshots = ledger.snapshots
    asked = [None] if clusters is None else [*filter(is_cluster_name, dict.fromkeys(clusters))]
    present = tuple(ref for one in asked for ref in snapshots.list(one))
    held = Holdings(ledger, present)
    lost = tuple(ref for one in asked for ref in ledger.missing(present, one))
    named = {ref.cluster for ref in lost}
    older = [held.short(one) for one in asked]
    return Losses(
        held,
        lost,
        (
            *(
                f"snapshot {ref.id} of {ref.cluster} is not listed in {snapshots.url}, and no prune"
                " removed it"
                for ref in lost
            ),
            *(words for one in older for name, words in one.items() if name not in named),
            *missing_runs(ledger),
        ),
    )


def older_lost(ledger: Ledger, present: Collection[SnapshotRef]) -> tuple[str, ...]:
    """Say which older snapshots and runs are gone; `present` is a listing of all snapshots."""
    return (*Holdings(ledger, present).short().values(), *missing_runs(ledger))


def require_history(ledger: Ledger, present: Collection[SnapshotRef]) -> None:
    """Raise `SnapshotNotTrustworthy` where a prune would remove traces of what is lost."""
    if older := older_lost(ledger, present):
        raise SnapshotNotTrustworthy(f"nothing is deleted: {brief(older)}", hint=GIVEN_UP)


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
            hint="is it mounted, and is it the right one? if it was emptied on purpose, this gives"
            " up what was there: kled snapshot create --all --anew",
        )
