"""Finding older runs and snapshots that are gone although no prune removed them.

Each run has a number, names the one before it, and records how many snapshots each cluster had.
Removing older ones leaves a gap, and nobody without a key can write a run or a prune that explains
it. The search costs a LIST of the runs, a GET of the oldest, and the prunes since the newest.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import timedelta
from itertools import takewhile
from typing import Final

from kled.errors import ObjectMissing, SnapshotNotTrustworthy
from kled.snapshot.documents import names, runs
from kled.snapshot.documents.runs import MOST, Run, RunEntry
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.trust.ledger import Ledger
from kled.snapshot.trust.newest_runs import KEPT

_LATE: Final = timedelta(days=7)
"""How far the clock may be behind of a machine whose run is counted."""
_UNDER_WAY: Final = timedelta(hours=1)
"""So long a prune goes on removing what its document names, while a run may count it."""


def missing_runs(ledger: Ledger) -> tuple[str, ...]:
    """Say which runs are gone, of those that no prune may have removed yet."""
    newest, snapshots = ledger.newest, ledger.snapshots
    if newest is None or not newest.number:
        return ()
    now = snapshots.now()
    kept = names.new_id(now - KEPT, b"\0\0")
    after = names.RUNS + names.new_id(now - KEPT - _LATE, b"\0\0")
    keys = (entry.key for entry in snapshots.store.entries(names.RUNS, start_after=after))
    ids = [run_id for key in keys if names.is_id(run_id := key[len(names.RUNS) : -len(".json")])]
    floor = max(kept, newest.begins or "")
    oldest = _read(ledger, min((run_id for run_id in ids if run_id >= floor), default=newest.id))
    gone = {
        run.previous: run.id
        for run in (oldest, newest)
        if run and run.previous and run.previous >= floor and run.previous not in ids
    }
    if gone:
        return tuple(
            f"run {run_id} is gone from {snapshots.url}, which run {by} went on from, and no prune"
            " removed it"
            for run_id, by in sorted(gone.items())
        )
    numbered = oldest and oldest.number and newest.id in ids and newest.number < MOST
    between = newest.number - oldest.number + 1 if oldest and numbered else 0
    if between <= len(ids) or between <= len(ids) + _count_misdated(ledger, after):
        return ()
    lacking = f"{between - len(ids)} of the {between} runs up to {newest.id}"
    return (f"{lacking} are gone from {snapshots.url}, and no prune removed them",)


def _count_misdated(ledger: Ledger, after: str) -> int:
    """Return how many runs with ids up to `after` the store has written since: clocks were wrong.

    A LIST of all runs, where some seem to be gone.
    """
    moment = names.moment(after.removeprefix(names.RUNS))
    return sum(
        entry.modified is not None and entry.modified > moment
        for entry in takewhile(
            lambda entry: entry.key <= after, ledger.snapshots.store.entries(names.RUNS)
        )
    )


def _read(ledger: Ledger, run_id: str) -> Run | None:
    """Return a run that counts for something, else None: what is wrong with it others say."""
    if ledger.newest and run_id == ledger.newest.id:
        return ledger.newest
    try:
        run = runs.read(ledger.snapshots, run_id)
    except (ObjectMissing, SnapshotNotTrustworthy):
        return None
    return run if run.signed or not ledger.snapshots.verification_keys else None


class Holdings:
    """How many snapshots each cluster has, and should have; `present` is a listing of them."""

    def __init__(self, ledger: Ledger, present: Collection[SnapshotRef]) -> None:
        self._ledger = ledger
        self._present = frozenset(present)
        self._number = Counter(ref.cluster for ref in self._present)
        self._removed: dict[str, Counter[str]] = {}

    def expected(self, cluster: str) -> int:
        """Return how many there must be: what runs counted, without what prunes removed since.

        Nothing is read where as many are listed as were counted.
        """
        return max(
            (self._left(cluster, entry) for entry in self._entries(cluster)),
            default=0,
        )

    def due(self, cluster: str, *, settled: bool) -> int:
        """Return how many the next run has to find; what is lost is no less lost, until `settled`.

        What is made meanwhile is not counted.
        """
        return (
            self._number[cluster] if settled else max(self._number[cluster], self.expected(cluster))
        )

    def short(self, cluster: str | None = None) -> dict[str, str]:
        """Return the clusters, of all or just that one, of which some are gone, with words."""
        counted = {name for run in self._ledger.runs.values() for name in run.clusters}
        short = {}
        for name in sorted(counted if cluster is None else counted & {cluster}):
            lacking = self.expected(name) - self._number[name]
            if lacking > 0:
                short[name] = (
                    f"{lacking} of the older snapshots of {name} are gone from"
                    f" {self._ledger.snapshots.url}, and no prune removed them"
                )
        return short

    def _entries(self, cluster: str) -> Iterator[RunEntry]:
        for run in self._ledger.runs.values():
            if (entry := run.clusters.get(cluster)) is not None:
                yield entry

    def _left(self, cluster: str, entry: RunEntry) -> int:
        if entry.held <= self._number[cluster] or entry.run is None:
            return entry.held
        return entry.held - self._removed_since(entry.run)[cluster]

    def _removed_since(self, run_id: str) -> Counter[str]:
        if run_id not in self._removed:
            first = names.new_id(names.moment(run_id) - _UNDER_WAY, b"\0\0")
            gone = self._ledger.prunes_after(first).removed - self._present
            self._removed[run_id] = Counter(ref.cluster for ref in gone)
        return self._removed[run_id]
