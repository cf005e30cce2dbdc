"""Finding the newest run of a snapshot store by the runs' numbers, whatever clocks said.

A listing shows ids, and when the store wrote each document. The last run by id, the last by time of
writing, and all that are dated after now are read; where a run's predecessor is not the one before
it, earlier runs are read, too. The newest is the one with the highest number. A damaged run, or an
unsigned one among signed ones, is stepped over with a doubt.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

from kled.errors import ObjectMissing, SnapshotNotTrustworthy
from kled.snapshot.documents import names, runs
from kled.snapshot.documents.runs import Run
from kled.snapshot.parallel import in_parallel
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.trust import order
from kled.snapshot.trust.settling import DATED_AFTER_NOW
from kled.storage.base import Entry
from kled.store_urls import is_same

_RECENT: Final = timedelta(days=7)
"""Looking among the newest ones first keeps the search at one request."""
KEPT: Final = timedelta(days=80)
"""For so long every run is there: a prune removes those of more than 90 days, by its own clock."""
_STEPS: Final = 64
"""Documents that are read at most: whoever forges more of them gets a doubt, and no answer."""
_OUT_OF_ORDER: Final = 8
"""Runs that are looked at further back, at most, where the last did not go on from one another."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

Judge = Callable[..., "NewestRuns"]


@dataclass(frozen=True, slots=True)
class NewestRuns:
    """The newest run, those of other state stores, and what stands in the way of knowing them."""

    newest: Run | None = None
    by_state_store: Mapping[str, Run] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    """The ids of later runs that do not count, each of which is a doubt."""
    remarks: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    """That the newest is dated after now: a clock is wrong, and no run came after that."""
    read: tuple[str, ...] = ()
    """The ids of the runs that were read and count."""
    listed: tuple[str, ...] = ()
    """The ids of the runs of the last days, read or not."""
    written: Mapping[str, datetime] = field(default_factory=dict)
    """When the store says that each of those was written, by its id."""


def read_newest_runs(snapshots: SnapshotStore) -> Judge:
    """Read the likely documents, and return what judges them.

    The judge takes the first signed document of the store and the store's identity, where known:
    both may be read at the same time. It may be asked once more, with the id of a run that has to
    be there. One LIST and one GET, as a rule.
    """
    search = _Search(snapshots, _list_runs(snapshots))
    search.read_likely()
    return search.judged


def read_recent_runs(snapshots: SnapshotStore, since: str | None, store: str | None) -> list[Run]:
    """Return the runs of the last days that count; a GET for each."""
    search = _Search(snapshots, _list_runs(snapshots))
    return search.all_counted(since, store)


def _list_runs(snapshots: SnapshotStore) -> list[Entry]:
    """Return the entries of the runs of the last days; of all runs where there are none."""
    recent = names.RUNS + names.new_id(snapshots.now() - _RECENT, b"\0\0")
    for after in (recent, ""):
        listing = snapshots.store.entries(names.RUNS, start_after=after)
        if entries := [entry for entry in listing if _run_id(entry)]:
            return entries
    return []


class _Search:
    """One search; documents are read once."""

    def __init__(self, snapshots: SnapshotStore, entries: list[Entry]) -> None:
        self._snapshots = snapshots
        self._ids = [_run_id(entry) for entry in entries]
        self._written = {_run_id(entry): entry.modified for entry in entries if entry.modified}
        written = max(
            entries, key=lambda entry: (entry.modified or _NEVER, entry.key), default=None
        )
        self._written_last = _run_id(written) if written else ""
        self._read: dict[str, Run | str | None] = {}

    def read_likely(self) -> None:
        """Read the last by id and by time of writing."""
        for run_id in {*self._ids[-1:], self._written_last} - {""}:
            self._get(run_id)

    def judged(
        self, since: str | None, store: str | None, remembered: str | None = None
    ) -> NewestRuns:
        """Return the newest run of those that count."""
        now = self._snapshots.now()
        good, doubts = self._walk(since, store, now)
        ahead = [run_id for run_id in self._ids if order.is_ahead(run_id, now)][-_STEPS:]
        others = {self._written_last, remembered or ""} - {""} - {run.id for run in good}
        for run_id in others:
            counted = self._counted(run_id, since, store)
            if isinstance(counted, Run):
                good.append(counted)
            elif counted and run_id == self._written_last:
                doubts.setdefault(run_id, counted)
        newest = max(good, key=lambda run: _rank(run, now), default=None)
        if newest is None:
            said = tuple(doubts.values())
            return NewestRuns(doubts=said, passed=tuple(doubts), listed=tuple(self._ids))
        if newest.signed and newest.signed_since and not since:
            return self.judged(newest.signed_since, store, remembered)
        passed = {
            run_id: doubt
            for run_id, doubt in doubts.items()
            if run_id not in {*newest.overtakes, newest.id}
        }
        by_url, other_doubts = self._others(newest, since, store)
        return NewestRuns(
            newest,
            {**by_url, newest.state_store: newest},
            (*passed.values(), *other_doubts),
            tuple(passed),
            tuple(_dated_after_now(run_id) for run_id in ahead if run_id != newest.id),
            tuple(_dated_after_now(run_id) for run_id in ahead if run_id == newest.id),
            tuple(sorted(run.id for run in good)),
            tuple(self._ids),
            self._written,
        )

    def all_counted(self, since: str | None, store: str | None) -> list[Run]:
        """Read all that are listed, and return those that count."""
        counted = in_parallel(
            (0, partial(self._counted, run_id, since, store)) for run_id in self._ids
        )
        return [run for run in counted if isinstance(run, Run)]

    def _walk(
        self, since: str | None, store: str | None, now: datetime
    ) -> tuple[list[Run], dict[str, str]]:
        """Go back from the last id until one counts; say of each later one why it does not.

        One that is dated after now hides those before it, which may be newer; so may one that went
        on from another than the one before it, whose machine's clock was ahead. Where it is not
        known since when runs are signed, a signed one is looked for: unsigned ones that are later
        count for nothing.
        """
        good: list[Run] = []
        doubts: dict[str, str] = {}
        looks = _OUT_OF_ORDER
        for run_id, before in self._last_first(now):
            counted = self._counted(run_id, since, store)
            if not isinstance(counted, Run):
                doubts.update({run_id: counted} if counted else {})
                continue
            good.append(counted)
            unsigned = self._snapshots.verification_keys and not counted.signed and not since
            if unsigned or order.is_ahead(run_id, now):
                continue
            looks -= 1
            if looks == 0 or not counted.previous or counted.previous >= before:
                break
        return good, doubts

    def _last_first(self, now: datetime) -> Iterator[tuple[str, str]]:
        """Yield the last ids, each with the one before it; of those after now no more than else."""
        ahead = sum(order.is_ahead(run_id, now) for run_id in self._ids)
        place = len(self._ids) - ahead
        last = [*self._ids[max(0, place - _STEPS) : place], *self._ids[place:][-_STEPS:]]
        return ((run_id, before) for before, run_id in reversed([*pairwise(["", *last])]))

    def _counted(self, run_id: str, since: str | None, store: str | None) -> Run | str | None:
        """Return the run, or why it does not count; None where it was removed meanwhile."""
        run = self._get(run_id)
        if not isinstance(run, Run):
            return run
        unsigned = self._snapshots.verification_keys and not run.signed
        if unsigned and since is not None and run_id >= since:
            return (
                f"{names.run_key(run_id)} is not signed, though the store's documents are since"
                f" {since}"
            )
        if store and run.store and run.store != store:
            return f"{names.run_key(run_id)} was written for another snapshot store"
        return _reduce_to_format_1(run) if unsigned else run

    def _get(self, run_id: str) -> Run | str | None:
        if run_id not in self._read:
            try:
                self._read[run_id] = runs.read(self._snapshots, run_id)
            except ObjectMissing:  # pruned since it was listed
                self._read[run_id] = None
            except SnapshotNotTrustworthy as error:
                self._read[run_id] = error.message
        return self._read[run_id]

    def _others(
        self, newest: Run, since: str | None, store: str | None
    ) -> tuple[dict[str, Run], list[str]]:
        """Return the newest runs of the other state stores that the newest one names."""
        by_url: dict[str, Run] = {}
        doubts: list[str] = []
        for url, run_id in newest.others.items():
            counted = self._counted(run_id, since, store)
            if isinstance(counted, Run) and is_same(counted.state_store, url):
                by_url[url] = counted
            else:
                doubts.append(
                    counted
                    if isinstance(counted, str)
                    else f"{names.run_key(run_id)}, the newest run of {url}, is gone"
                )
        return by_url, doubts


def _rank(run: Run, now: datetime) -> tuple[bool, int, bool, str]:
    """A signed run is newer than any that is not: those are from before there was a key."""
    return run.signed, run.number, not order.is_ahead(run.id, now), run.id


def _dated_after_now(run_id: str) -> str:
    return (
        f"run {run_id} {DATED_AFTER_NOW}: its machine's clock, or this one's, is wrong: set it"
        " (timedatectl set-ntp true); the next run goes on from the newest all the same"
    )


def _reduce_to_format_1(run: Run) -> Run:
    """Return an unsigned run without what only format 2 says: anybody may have written it.

    What is left cannot change an order: it names snapshots, and those with later ids stay newer.
    """
    clusters = {name: replace(entry, overtakes=(), held=0) for name, entry in run.clusters.items()}
    return replace(
        run,
        clusters=clusters,
        number=0,
        previous=None,
        others={},
        overtakes=(),
        signed_since=None,
        begins=None,
    )


def _run_id(entry: Entry) -> str:
    name = entry.key.removeprefix(names.RUNS).removesuffix(".json")
    return name if names.is_id(name) and entry.key == names.run_key(name) else ""
