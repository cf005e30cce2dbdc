"""Forgetting and copying snapshots: what stays whatever happens."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import InvalidInput, SnapshotNotTrustworthy, StoreUnavailable
from kled.snapshot.mirror import mirror
from kled.snapshot.progress import Quiet
from kled.snapshot.prune import apply_prune, plan_prune
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.retention import Candidate, Policy, keep
from kled.snapshot.verify import verify
from kled.storage.memory import MemoryStore
from tests.stores import FailingStore, keys
from tests.unit.snapshot.fleets import Runs, each_failure, expected, name, restored, state

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ONLY_LAST = Policy(last=1, hourly=0, daily=0, weekly=0, monthly=0, yearly=0)
NO_GRACE = timedelta()

ages = st.lists(st.integers(0, 3 * 365 * 24 * 60), unique=True, max_size=60)
policies = st.builds(
    Policy,
    last=st.integers(1, 5),
    hourly=st.integers(0, 30),
    daily=st.integers(0, 10),
    weekly=st.integers(0, 6),
    monthly=st.integers(0, 14),
    yearly=st.integers(0, 4),
)


def candidates(minutes: list[int]) -> list[Candidate]:
    return [
        Candidate(
            (NOW - timedelta(minutes=one)).strftime("%Y%m%dT%H%M%SZ") + "-00000000",
            NOW - timedelta(minutes=one),
            trusted=one % 3 != 0,
        )
        for one in minutes
    ]


@given(ages, policies)
@settings(max_examples=200, deadline=None)
def test_the_newest_trusted_one_and_the_last_ones_always_stay(
    minutes: list[int], policy: Policy
) -> None:
    found = candidates(minutes)

    kept = keep(found, policy, NOW)

    newest = sorted(found, key=lambda one: one.id, reverse=True)
    assert {one.id for one in newest[: policy.last]} <= kept.keys()
    trusted = [one.id for one in newest if one.trusted]
    assert not trusted or trusted[0] in kept


@given(ages, policies)
@settings(max_examples=200, deadline=None)
def test_pruning_twice_is_pruning_once(minutes: list[int], policy: Policy) -> None:
    found = candidates(minutes)
    kept = keep(found, policy, NOW)

    again = keep([one for one in found if one.id in kept], policy, NOW)

    assert again.keys() == kept.keys()


@given(ages, policies)
@settings(max_examples=200, deadline=None)
def test_no_more_is_kept_than_the_numbers_say(minutes: list[int], policy: Policy) -> None:
    kept = keep(candidates(minutes), policy, NOW, grace=NO_GRACE)
    numbers = (
        policy.last,
        policy.hourly,
        policy.daily,
        policy.weekly,
        policy.monthly,
        policy.yearly,
    )

    assert len(kept) <= sum(numbers) + 1


def test_a_policy_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="last"):
        Policy(last=0)
    with pytest.raises(InvalidInput, match="daily"):
        Policy(daily=-1)


def history(runs: Runs, number: int = 4) -> None:
    """Make some snapshots of two clusters, each with a change in the first."""
    for at in range(number):
        runs.state.put(f"{name(0)}/addons/a.addons.k8s.io/v1.yaml", f"n: {at}".encode())
        runs.run().require()


def check(snapshots: SnapshotStore) -> int:
    """Every listed snapshot verifies; return how many there are."""
    refs = list(snapshots.list())
    for ref in refs:
        report = verify(snapshots, ref, level=1, by="test", record=False)
        assert report.trustworthy, report.findings
    return len(refs)


def test_what_goes_frees_what_only_it_referred_to_a_day_later() -> None:
    runs = Runs(state(2), MemoryStore())
    history(runs)
    assert check(runs.snapshots) == 5
    archives = len([key for key in keys(runs.store) if "state.tar" in key])
    runs.later = timedelta(days=2)

    plan = plan_prune(runs.snapshots, ONLY_LAST)
    first = apply_prune(runs.snapshots, plan, Quiet(), approved=plan.digest)
    assert len(first.removed) == 3
    assert check(runs.snapshots) == 2
    assert len([key for key in keys(runs.store) if "state.tar" in key]) == archives

    runs.later = timedelta(days=4)
    second = apply_prune(runs.snapshots, plan_prune(runs.snapshots, ONLY_LAST), Quiet())
    assert second.removed == ()
    assert second.collected == 3
    assert check(runs.snapshots) == 2
    changed = expected(0) | {"addons/a.addons.k8s.io/v1.yaml": b"n: 3"}
    assert restored(runs.snapshots, name(0)) == changed


def test_nothing_is_collected_while_a_manifest_cannot_be_read() -> None:
    runs = Runs(state(2), MemoryStore())
    history(runs)
    ref = next(iter(runs.snapshots.list()))
    runs.store.put(f"clusters/{ref.cluster}/{ref.id}/manifest.json", b"{")
    runs.store.put("blobs/aa/" + "a" * 64, b"garbage")
    runs.later = timedelta(days=9)

    plan = plan_prune(runs.snapshots, ONLY_LAST)
    report = apply_prune(runs.snapshots, plan, Quiet())

    assert [one for one, _ in plan.unreadable] == [ref]
    assert report.collected == 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_prune_that_fails_anywhere_breaks_no_snapshot_and_can_be_run_again(
    *, after: bool
) -> None:
    def attempt(number: int) -> int:
        runs = Runs(state(2), MemoryStore())
        history(runs)
        runs.later = timedelta(days=2)
        failing = FailingStore(runs.store, at=number, after=after)
        broken = Runs(runs.state, failing, at=600)
        broken.later = runs.later
        try:
            apply_prune(broken.snapshots, plan_prune(broken.snapshots, ONLY_LAST), Quiet())
        except StoreUnavailable:
            assert failing.failed
        assert check(runs.snapshots) >= 2
        apply_prune(runs.snapshots, plan_prune(runs.snapshots, ONLY_LAST), Quiet())
        assert check(runs.snapshots) == 2
        return failing.calls

    assert each_failure(attempt) > 20


def test_a_mirror_holds_the_same_snapshots_and_the_same_bytes() -> None:
    runs, second = Runs(state(2), MemoryStore()), MemoryStore()
    history(runs)

    first = mirror(runs.snapshots, second, Quiet()).require()
    again = mirror(runs.snapshots, second, Quiet()).require()

    there = Runs(runs.state, second)
    assert len(first.copied) == check(there.snapshots) == 5
    assert (again.copied, again.present) == ((), 5)
    assert restored(there.snapshots, name(1)) == expected(1)


def test_a_damaged_snapshot_is_not_copied_and_keeps_no_other_from_it() -> None:
    runs, second = Runs(state(2), MemoryStore()), MemoryStore()
    runs.run().require()
    ref = runs.snapshots.resolve(name(0), "latest")
    archive = runs.snapshots.manifest(ref).archive.key
    runs.store.put(archive, runs.store.get(archive).body[:-1] + b"x")

    report = mirror(runs.snapshots, second, Quiet())

    assert [one for one, _ in report.failed] == [ref]
    assert archive not in keys(second)
    assert check(Runs(runs.state, second).snapshots) == 1
    with pytest.raises(SnapshotNotTrustworthy):
        report.require()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_mirror_that_fails_anywhere_shows_no_broken_snapshot_and_can_be_run_again(
    *, after: bool
) -> None:
    def attempt(number: int) -> int:
        runs, second = Runs(state(2), MemoryStore()), MemoryStore()
        runs.run().require()
        failing = FailingStore(second, at=number, after=after)
        try:
            mirror(runs.snapshots, failing, Quiet())
        except StoreUnavailable:
            assert failing.failed
        there = Runs(runs.state, second)
        assert check(there.snapshots) <= 2
        mirror(runs.snapshots, second, Quiet()).require()
        assert check(there.snapshots) == 2
        return failing.calls

    assert each_failure(attempt) > 4
