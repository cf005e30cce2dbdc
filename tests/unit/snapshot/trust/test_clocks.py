"""Machines whose clocks are wrong: order is what runs say, and no wrong time deletes anything."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.choosing import choose
from kled.snapshot.create.results import RunResult
from kled.snapshot.documents import runs
from kled.snapshot.documents.names import moment, new_id
from kled.snapshot.documents.runs import RunEntry
from kled.snapshot.progress import Quiet
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.trust import order
from kled.snapshot.trust.ledger import Ledger, read_ledger
from kled.storage.memory import MemoryStore
from tests.stores import Watched, keys
from tests.unit.snapshot.attacks import ADDON, ONLY_LAST
from tests.unit.snapshot.fleets import START, DatedByMachine, Runs, name, restored, state

AHEAD = timedelta(days=3)


def wrong_clock(runs: Runs, off: timedelta, at: int) -> Runs:
    """Return runs of another machine, whose clock is off; the store dates its objects right."""
    other = Runs(runs.state, Watched(runs.store), at=at)
    other.later = off
    assert isinstance(runs.store, MemoryStore)
    seconds = itertools.count(at)
    runs.store._now = lambda: START + timedelta(seconds=next(seconds)) + runs.later
    return other


def taken_by_a_machine_ahead(off: timedelta = AHEAD) -> Runs:
    """A run at the right time, one of a machine whose clock is off, and another right one."""
    runs = Runs(state(2), MemoryStore())
    runs.run().require()
    ahead = wrong_clock(runs, off, at=100)
    runs.state.put(f"{name(0)}/{ADDON}", b"of the machine ahead")
    ahead.run().require()
    runs.state.put(f"{name(0)}/{ADDON}", b"newest")
    runs.run().require()
    return runs


def newest(runs: Runs) -> bytes:
    return restored(runs.snapshots, name(0))[ADDON]


@pytest.mark.parametrize("passed", [0, 2, 3.5, 30])
def test_latest_is_what_the_newest_run_names_however_late_it_is(passed: float) -> None:  # fault 82
    runs = taken_by_a_machine_ahead()
    runs.later = timedelta(days=passed)

    assert newest(runs) == b"newest"
    ids = [ref.id for ref in runs.snapshots.list(name(0))]
    assert choose(runs.snapshots, name(0), "latest").id != max(ids)


@pytest.mark.parametrize("passed", [0, 3.5])
def test_runs_go_on_from_the_newest_and_not_from_the_one_dated_last(passed: float) -> None:
    runs = taken_by_a_machine_ahead()
    runs.later = timedelta(days=passed)

    again = runs.run().require()

    assert all(one.reused for one in again.clusters)
    assert newest(runs) == b"newest"
    ledger = read_ledger(runs.snapshots, runs.state)
    assert ledger.newest is not None
    assert (ledger.newest.number, ledger.doubts) == (4, ())


def test_a_run_that_is_dated_after_now_is_said() -> None:
    runs = taken_by_a_machine_ahead()

    done = runs.run()

    assert any("dated after now" in words for words in done.warnings)


def test_a_machine_whose_clock_is_behind_takes_the_newest_too() -> None:
    runs = taken_by_a_machine_ahead(-timedelta(days=2))

    runs.state.put(f"{name(0)}/{ADDON}", b"by the machine behind")
    wrong_clock(runs, -timedelta(days=2), at=500).run().require()

    assert newest(runs) == b"by the machine behind"


def test_a_machine_whose_clock_is_ahead_collects_nothing() -> None:
    """What a run is writing at this moment would look days old to it."""
    runs = taken_by_a_machine_ahead()
    young = "blobs/aa/" + "a" * 64
    runs.store.put(young, b"of a snapshot whose manifest is not written yet")
    ahead = wrong_clock(runs, AHEAD, at=900)

    with pytest.raises(SnapshotNotTrustworthy, match="clock of this machine is ahead"):
        apply_prune(ahead.snapshots, plan_prune(ahead.snapshots, ONLY_LAST), Quiet())

    assert young in keys(runs.store)


def test_ids_after_now_never_pass_for_the_newest_unless_a_run_names_them() -> None:
    now = START
    old, new, ahead = (
        new_id(now + timedelta(days=days), bytes((at, 0))) for at, days in enumerate((-2, -1, 3))
    )

    assert order.oldest_first([old, new, ahead], None, now)[-1] == new
    assert order.oldest_first([old, new, ahead], RunEntry(new), now)[-1] == new
    assert order.oldest_first([old, new, ahead], RunEntry(ahead), now)[-1] == ahead
    later = moment(ahead) + timedelta(days=1)
    overtaken = RunEntry(new, overtakes=(ahead,))
    assert order.oldest_first([old, new, ahead], overtaken, later) == (old, ahead, new)
    assert order.oldest_first([ahead], None, now) == (ahead,)


class Shared:
    """A directory of several machines: it is dated by whoever writes, right or wrong."""

    def __init__(self) -> None:
        self.runs = Runs(state(2), DatedByMachine())

    def run(self, off: timedelta = timedelta(), text: str = "") -> RunResult:
        """Let a machine whose clock is `off` make a run, of a change where there is a text."""
        if text:
            self.runs.state.put(f"{name(0)}/{ADDON}", text.encode())
        passed, self.runs.later = self.runs.later, self.runs.later + off
        done = self.runs.run()
        self.runs.later = passed + timedelta(minutes=1)
        return done.require()

    def latest(self) -> bytes:
        ref = choose(self.runs.snapshots, name(0), "latest", state=self.runs.state)
        return restored(self.runs.snapshots, name(0), ref.id)[ADDON]

    def ledger(self, *, asked: bool = True) -> Ledger:
        return read_ledger(self.runs.snapshots, self.runs.state if asked else None)


MONTH = timedelta(days=30)


@pytest.mark.parametrize("asked", [True, False], ids=["with the state store", "without it"])
@pytest.mark.parametrize("off", [MONTH, AHEAD, -AHEAD], ids=["month", "3 days", "behind"])
def test_one_run_of_a_wrong_clock_hides_no_later_one(off: timedelta, *, asked: bool) -> None:
    """Fault 82, another member: `restore latest` accused somebody of having removed a run."""
    there = Shared()
    there.run(text="1")
    there.run(off, text="2")
    there.run(text="3")

    ledger = there.ledger(asked=asked)

    assert ledger.newest is not None
    assert (ledger.newest.number, ledger.doubts) == (3, ())
    assert there.latest() == b"3"


@pytest.mark.parametrize("off", [MONTH, AHEAD, -AHEAD], ids=["month", "3 days", "behind"])
def test_nothing_is_taken_again_that_is_as_the_newest_run_left_it(
    off: timedelta,
) -> None:
    there = Shared()
    there.run(text="1")
    there.run(off, text="2")
    there.run(text="3")

    for _ in range(3):
        assert all(one.reused for one in there.run().clusters)


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("passed", [0, 29, 31, 400])
def test_a_date_that_comes_makes_no_old_run_the_newest(passed: int, number: int) -> None:
    there = Shared()
    there.run(text="1")
    for _ in range(number):
        there.run(MONTH, text="2")
    for text in ("3", "4", "5"):
        there.run(text=text)
    there.runs.later = timedelta(days=passed)

    assert there.latest() == b"5"
    assert there.ledger().doubts == ()
    assert all(one.reused for one in there.run().clusters)


def test_a_run_behind_is_the_newest_as_long_as_it_is() -> None:
    """The state store remembers it, and no date leads to it: nobody removed it."""
    there = Shared()
    for text in ("1", "2", "3"):
        there.run(text=text)
    there.run(-timedelta(days=20), text="4")

    ledger = there.ledger()

    assert ledger.newest is not None
    assert (ledger.newest.number, ledger.doubts) == (4, ())
    assert there.latest() == b"4"
    assert all(one.reused for one in there.run().clusters)


def test_more_runs_ahead_than_are_read_hide_none_of_the_others() -> None:
    there = Shared()
    there.run(text="1")
    ahead = runs.read(there.runs.snapshots, there.run(MONTH, text="2").run)
    for at in range(70):
        again = replace(ahead, id=new_id(START + MONTH, bytes((1, at))))
        runs.write(there.runs.snapshots, again)
    there.run(text="3")

    assert there.latest() == b"3"


def test_a_newest_run_that_is_dated_after_now_fails_the_next_run_once() -> None:
    there = Shared()
    there.run(text="1").require_whole()
    there.run(MONTH, text="2").require_whole()  # a directory has no clock that could tell

    with pytest.raises(SnapshotNotTrustworthy, match="dated after now") as refused:
        there.run(text="3").require_whole()

    assert "set-ntp" in refused.value.message
    again = there.run(text="4").require_whole()
    assert any("dated after now" in words for words in again.warnings)


@pytest.mark.parametrize("off", [MONTH, -MONTH], ids=["ahead", "behind"])
def test_a_run_whose_clock_is_not_the_stores_says_so_and_takes_everything(off: timedelta) -> None:
    runs = Runs(state(2), MemoryStore())
    done = wrong_clock(runs, off, at=100).run()

    assert len(done.require().clusters) == 2
    with pytest.raises(SnapshotNotTrustworthy, match="clock of this machine is"):
        done.require_whole()
