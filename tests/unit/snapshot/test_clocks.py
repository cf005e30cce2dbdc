"""Machines whose clocks are wrong: order is what runs say, and no wrong time deletes anything."""

from datetime import UTC, datetime, timedelta

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot import order
from kled.snapshot.choosing import choose
from kled.snapshot.ledger import read_ledger
from kled.snapshot.names import moment, new_id
from kled.snapshot.progress import Quiet
from kled.snapshot.prune import apply_prune, plan_prune
from kled.snapshot.runs import RunEntry
from kled.storage.memory import MemoryStore
from tests.stores import Watched, keys
from tests.unit.snapshot.attacks import ADDON, ONLY_LAST
from tests.unit.snapshot.fleets import START, Runs, name, restored, state

AHEAD = timedelta(days=3)


def wrong_clock(runs: Runs, off: timedelta, at: int) -> Runs:
    """Return runs of another machine, whose clock is off; the store dates its objects right."""
    other = Runs(runs.state, Watched(runs.store), at=at)
    other.later = off
    runs.store._now = lambda: datetime.now(UTC) + runs.later
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
