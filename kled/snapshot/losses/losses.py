"""What a snapshot store has lost, and what that prevents.

A run still takes snapshots, and reports the loss; a change waits until a person settles it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store.layout import is_cluster_name
from kled.pool import Pool
from kled.snapshot.documents import names
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.trust.history import Holdings, missing_runs
from kled.snapshot.trust.ledger import Ledger
from kled.snapshot.trust.trust import sum_up
from kled.storage.base import Entry
from kled.store_urls import of_store

_SKEW: Final = timedelta(seconds=2)
"""Stores date to the second, and what is large when its writing began."""


def change_refusal(reasons: Sequence[str], *, taken_back: bool = False) -> SnapshotNotTrustworthy:
    """Return the error of a change that would go on as if nothing had been lost.

    Where the store was `taken_back` nothing but giving up what is lost settles that.
    """
    settles = "" if taken_back else "then settle it: kled snapshot create --all; "
    return SnapshotNotTrustworthy(
        f"no change begins while the snapshot store may have lost snapshots: {sum_up(reasons)}",
        hint="kled snapshot verify --all tells what is wrong; find out who did it, and put back"
        f" what was there; {settles}what is lost for good is given up by kled snapshot create --all"
        " --anew; in an emergency go on without a snapshot: --no-snapshot",
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
    reasons: tuple[str, ...] = ()
    """All that is gone, runs and older snapshots too."""
    altered: tuple[str, ...] = ()
    """Clusters of whose snapshots something was written after the run that names the newest, or is
    no object any more: it may be another one by now, or none."""
    unarchived: tuple[str, ...] = ()
    """Clusters whose newest snapshot has no archive of its own: it refers to an earlier one's, or
    somebody removed it."""
    archived: frozenset[SnapshotRef] = frozenset()
    """The snapshots, and removed ones, that an archive is listed for."""


@dataclass(slots=True)
class _Look:
    """What listings show; see `Losses`."""

    newest: Mapping[str, str]
    """The snapshot that the newest run names of each cluster."""
    since: datetime | None
    """When that run was written; what is later was not written by it."""
    refs: list[SnapshotRef] = field(default_factory=list)
    archived: set[SnapshotRef] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        """Take in one object. Whoever sets the dates of a directory's files back is not seen."""
        if snapshot := names.snapshot_of(entry.key):
            self.refs.append(SnapshotRef(*snapshot))
        elif snapshot := names.archive_of(entry.key):
            self.archived.add(SnapshotRef(*snapshot))
        if snapshot is None or not _is_late(entry, self.since):
            return
        cluster, snapshot_id = snapshot
        if snapshot_id <= self.newest.get(cluster, ""):
            self.altered.add(cluster)

    def unarchived(self) -> tuple[str, ...]:
        """Return the clusters whose newest snapshot has no archive of its own."""
        without = {*self.refs} - self.archived
        return tuple(
            sorted(ref.cluster for ref in without if ref.id == self.newest.get(ref.cluster))
        )


def losses_of(ledger: Ledger, clusters: Sequence[str] | None = None) -> Losses:
    """Return what is gone, and no prune removed; one LIST, or one for each cluster, and of runs."""
    snapshots = ledger.snapshots
    asked = [None] if clusters is None else [*filter(is_cluster_name, dict.fromkeys(clusters))]
    with Pool(1, "kled-runs") as pool:
        looking = pool.submit(missing_runs, ledger)
        look = _look(ledger, asked)
        older_runs = looking.result()
    held = Holdings(ledger, look.refs)
    lost = tuple(ref for cluster in asked for ref in ledger.missing(look.refs, cluster))
    named = {ref.cluster for ref in lost}
    older = [held.short(cluster) for cluster in asked]
    return Losses(
        held,
        lost,
        (
            *(
                f"snapshot {ref.id} of {ref.cluster} is not listed in {snapshots.url}, and no prune"
                " removed it"
                for ref in lost
            ),
            *(reason for short in older for name, reason in short.items() if name not in named),
            *older_runs,
        ),
        tuple(sorted(look.altered)),
        look.unarchived(),
        frozenset(look.archived),
    )


def _look(ledger: Ledger, asked: Sequence[str | None]) -> _Look:
    """List the snapshots of each cluster that is asked for, or of all; a LIST for each."""
    run = of_store(ledger.runs, ledger.here) if ledger.here else None
    newest = {name: entry.snapshot or "" for name, entry in run.clusters.items()} if run else {}
    written = ledger.written.get(run.id) if run else None
    look = _Look(newest, written and written + _skew(ledger.snapshots.url))
    for cluster in asked:
        for entry in ledger.snapshots.store.entries(names.snapshots_prefix(cluster)):
            look.add(entry)
    return look


def _is_late(entry: Entry, since: datetime | None) -> bool:
    """Say whether what stands there is no object, or was written later than `since`."""
    late = since is not None and entry.modified is not None and entry.modified > since
    return late or entry.unfit is not None


def _skew(snapshot_store: str) -> timedelta:
    """Return how far dates of what was written in turn may be apart the other way round.

    A bucket dates by the second, and by the clocks of many machines; a directory by one clock.
    """
    return timedelta(0) if snapshot_store.startswith("file:") else _SKEW


def find_older_lost(ledger: Ledger, present: Collection[SnapshotRef]) -> tuple[str, ...]:
    """Say which older snapshots and runs are gone; `present` is a listing of all snapshots."""
    return (*Holdings(ledger, present).short().values(), *missing_runs(ledger))


def require_history(ledger: Ledger, present: Collection[SnapshotRef]) -> None:
    """Raise `SnapshotNotTrustworthy` where a prune would remove traces of what is lost."""
    if older := find_older_lost(ledger, present):
        raise SnapshotNotTrustworthy(f"nothing is deleted: {sum_up(older)}", hint=GIVEN_UP)


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
