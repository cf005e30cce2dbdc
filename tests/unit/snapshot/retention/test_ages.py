"""Nothing younger than a day goes, whatever the clock of the machine that prunes says."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import BeingCollected, SnapshotNotTrustworthy
from kled.retry import Clock
from kled.snapshot.documents import names
from kled.snapshot.documents.names import new_id
from kled.snapshot.progress import Quiet
from kled.snapshot.retention import claims
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.retention.retention import GRACE, RetentionPolicy
from kled.snapshot.trust.ages import NEVER, find_witnessed
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.attacks import ADDON, ONLY_LAST
from tests.unit.snapshot.fleets import START, DatedByMachine, Runs, name, state

CLOCK = Clock(time.monotonic, time.sleep)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 25, tzinfo=UTC)
JUMPS = [3 * DAY, 30 * DAY, 3653 * DAY]
YOUNG = "blobs/aa/" + "a" * 64
"""What a run is writing whose manifest is not there yet."""


def change(runs: Runs, text: str) -> None:
    runs.state.put(f"{name(0)}/{ADDON}", text.encode())
    runs.run().require()


class Directory:
    """Runs into a directory, by a machine whose clock is so far behind what it says when it prunes.

    In memory, as a rule: a disk takes half a second for each test.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.runs = Runs(state(1), LocalStore(path, CLOCK) if path else DatedByMachine())

    def run(self, ago: timedelta) -> None:
        before = set(keys(self.runs.store))
        self.runs.later = -ago
        change(self.runs, f"{ago} ago")
        self.date(set(keys(self.runs.store)) - before, ago)

    def write_young(self, ago: timedelta) -> None:
        self.runs.later = -ago
        self.runs.store.put(YOUNG, b"payload")
        self.date({YOUNG}, ago)

    def date(self, written: set[str], ago: timedelta) -> None:
        moment = (self.runs.start - ago).timestamp()
        for key in written if self.path else ():
            os.utime(f"{self.path}/{key}", (moment, moment))
        self.runs.later = timedelta()


def pruned(runs: Runs, policy: RetentionPolicy = ONLY_LAST) -> tuple[int, int]:
    """Return how many snapshots were removed, and how many objects collected."""
    report = apply_prune(runs.snapshots, plan_prune(runs.snapshots, policy), Quiet())
    return len(report.removed), report.collected


@pytest.mark.parametrize("policy", [ONLY_LAST, RetentionPolicy()], ids=["last", "default"])
@pytest.mark.parametrize("jump", JUMPS, ids=["3 days", "30 days", "10 years"])
def test_a_clock_that_jumped_ahead_removes_nothing_from_a_directory(
    jump: timedelta, policy: RetentionPolicy
) -> None:
    """Fault 82's kind: what is minutes old looks days old, and no date there tells."""
    removes_nothing(Directory(), jump, policy)


def test_so_it_is_on_a_disk(tmp_path: Path) -> None:
    removes_nothing(Directory(tmp_path), JUMPS[0], ONLY_LAST)


def removes_nothing(there: Directory, jump: timedelta, policy: RetentionPolicy) -> None:
    for minutes in (4, 3, 2, 1, 0):
        there.run(jump + timedelta(minutes=minutes))
    there.write_young(jump)
    before = keys(there.runs.store)

    assert pruned(there.runs, policy) == (0, 0)

    assert keys(there.runs.store) == before


@pytest.mark.parametrize("jump", JUMPS, ids=["3 days", "30 days", "10 years"])
def test_nor_after_a_run_at_the_wrong_time(jump: timedelta) -> None:
    there = Directory()
    for minutes in (4, 3):
        there.run(jump + timedelta(minutes=minutes))
    there.write_young(jump)
    there.run(timedelta(minutes=2))
    before = keys(there.runs.store)

    assert pruned(there.runs) == (0, 0)

    assert keys(there.runs.store) == before


def test_a_directory_in_which_two_days_passed_is_pruned() -> None:
    there = Directory()
    for hours in range(64, -1, -8):
        there.run(hours * HOUR + timedelta(minutes=1))
    there.write_young(40 * HOUR)

    assert pruned(there.runs) == (3, 0)  # of 64, 56 and 48 hours ago
    assert YOUNG in keys(there.runs.store)

    there.write_young(50 * HOUR)
    assert pruned(there.runs) == (0, 1)


@given(
    st.lists(st.integers(0, 10_000), max_size=40),
    st.integers(0, 24 * 60 - 1),
    st.integers(0, 10_000_000),
    st.integers(0, 24 * 60),
)
def test_one_jump_makes_nothing_old_that_is_younger_than_the_grace(
    minutes: list[int], age: int, jump: int, jumped: int
) -> None:
    """In minutes ago: dates of runs, the age of a thing, and when the clock jumped how far."""

    def shown(ago: int) -> datetime:
        return NOW - timedelta(minutes=ago + (jump if ago > jumped else 0))

    until = find_witnessed(NOW, map(shown, minutes), GRACE)

    assert shown(age) > until


def test_nothing_is_old_where_nothing_saw_time_pass() -> None:
    assert find_witnessed(NOW, [], GRACE) == NEVER
    assert find_witnessed(NOW, [NOW + DAY], GRACE) == NEVER
    assert find_witnessed(NOW, [NOW - 30 * DAY], GRACE) == NOW - 31 * DAY
    assert find_witnessed(NOW, [NOW - HOUR * at for at in range(90)], GRACE) == NOW - 2 * DAY


@pytest.mark.parametrize(
    "off", [3 * DAY, HOUR, -HOUR, -3 * DAY], ids=["3 days", "1 hour", "-1 hour", "-3 days"]
)
def test_a_clock_that_is_not_the_stores_deletes_nothing_and_both_times_are_said(
    off: timedelta,
) -> None:
    runs = Runs(state(1), MemoryStore())
    for at in range(3):
        change(runs, str(at))
    runs.later = 200 * DAY  # old enough for all that a prune deletes
    change(runs, "new")
    runs.store.put(names.claim_key(new_id(START, b"zz")), b"{}")
    before = keys(runs.store)
    wrong = Runs(runs.state, runs.store, at=100)
    wrong.later = runs.later + off
    runs.store._now = lambda: START + runs.later  # type: ignore[attr-defined]

    with pytest.raises(SnapshotNotTrustworthy, match="clock of this machine is") as refused:
        pruned(wrong)

    assert refused.value.exit_code == 4
    assert f"{START + runs.later:%Y-%m-%d}" in refused.value.message
    begun, ended = (START + wrong.later + timedelta(seconds=passed) for passed in (100, 600))
    assert {f"{moment:%Y-%m-%d}" for moment in (begun, ended)} & set(
        refused.value.message.split()
    )  # its clock goes on by a second each time it is asked, also over midnight
    assert "chronyc" in str(refused.value.hint)
    assert keys(runs.store) == before


def test_a_plan_of_a_clock_that_was_set_back_since_is_refused() -> None:
    runs = Runs(state(1), MemoryStore())
    for at in range(3):
        change(runs, str(at))
    ahead = Runs(runs.state, MemoryStore(), at=100)
    ahead.later = 3 * DAY
    plan = plan_prune(ahead.snapshots.at(runs.store), ONLY_LAST)
    assert plan.removed
    before = keys(runs.store)

    with pytest.raises(SnapshotNotTrustworthy, match="too young"):
        apply_prune(runs.snapshots, plan, Quiet(), approved=plan.digest)

    assert keys(runs.store) == before


def test_what_a_machine_whose_clock_is_behind_has_just_made_is_young() -> None:
    runs = Runs(state(1), MemoryStore())
    behind = Runs(runs.state, MemoryStore(), at=100)
    behind.store = runs.store
    behind.later = -5 * DAY
    for at in range(3):
        change(behind, str(at))

    assert pruned(runs) == (0, 0)

    runs.later = 2 * DAY
    assert pruned(runs)[0] == 2


def test_snapshots_of_a_clock_that_was_ahead_take_no_place_of_the_last_ones() -> None:
    """By their ids they are the newest for a month; the store has dated them right."""
    runs = Runs(state(1), MemoryStore())
    ahead = Runs(runs.state, MemoryStore(), at=100)
    ahead.store = runs.store
    ahead.later = 30 * DAY
    for at in range(3):
        change(ahead, f"ahead {at}")
    for day in (1, 2, 3):
        runs.later = day * DAY
        change(runs, f"day {day}")
    last = [ref for ref in runs.snapshots.list(name(0)) if ref.created < START + 20 * DAY]
    runs.later = 10 * DAY

    plan = plan_prune(runs.snapshots, RetentionPolicy(3, 0, 0, 0, 0, 0))

    assert plan.removed == ()
    assert {ref: why for ref, why in plan.kept if ref in last}.keys() == set(last)

    runs.later = 40 * DAY
    plan = plan_prune(runs.snapshots, RetentionPolicy(3, 0, 0, 0, 0, 0))
    assert {ref for ref, _ in plan.kept} == set(last)


def test_a_claim_counts_though_its_machine_is_behind() -> None:
    runs = Runs(state(1), MemoryStore())
    change(runs, "1")
    runs.store.put(YOUNG, b"payload")
    runs.later = 2 * DAY
    now = runs.snapshots.now()
    claims.claim(runs.store, YOUNG, new_id(now - 5 * DAY, b"zz"), now - 5 * DAY)

    assert pruned(runs) == (0, 0)

    runs.later = 4 * DAY
    assert pruned(runs) == (0, 1)


def test_a_machine_that_is_ahead_sees_what_is_being_swept() -> None:
    runs = Runs(state(1), MemoryStore())
    now = runs.snapshots.now()
    claims.announce(runs.store, new_id(now, b"aa"), [YOUNG])

    with pytest.raises(BeingCollected):
        claims.claim(runs.store, YOUNG, new_id(now + 3 * DAY, b"zz"), now + 3 * DAY)
