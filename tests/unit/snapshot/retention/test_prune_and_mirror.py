"""Forgetting and copying snapshots: what stays whatever happens."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest

from kled.errors import (
    BeingCollected,
    SnapshotNotTrustworthy,
    StoreDenied,
    StoreUnavailable,
)
from kled.snapshot.choosing import choose
from kled.snapshot.documents.names import blob_key
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.retention.retention import RetentionPolicy
from kled.snapshot.verify.verify import verify
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import FailingStore, Watched, keys
from tests.unit.snapshot.fleets import Runs, each_failure, expected, name, restored, state

if TYPE_CHECKING:
    from kled.snapshot.create.results import RunResult

T = TypeVar("T")
ONLY_LAST = RetentionPolicy(last=1, hourly=0, daily=0, weekly=0, monthly=0, yearly=0)


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
    made = Runs(state(2), MemoryStore())
    history(made)
    made.later = timedelta(days=2)

    def attempt(number: int) -> int:
        runs = made.copy()
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
    ref = choose(runs.snapshots, name(0), "latest")
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


class Interrupted(Watched):
    """Does something else just before the first call of a method on keys of a prefix."""

    def __init__(
        self, inner: ObjectStore, method: str, prefix: str, other: Callable[[], object]
    ) -> None:
        super().__init__(inner)
        self._waits_for = (method, prefix)
        self._other: Callable[[], object] | None = other

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        wanted, prefix = self._waits_for
        if self._other and method == wanted and key.startswith(prefix):
            other, self._other = self._other, None
            other()
        return call()


NEW = "backups/etcd/main/2026-11-25T00:00:00Z-000099"


def orphaned(clusters: int = 1) -> tuple[Runs, str]:
    """A store with an old blob that nothing refers to, and that the next snapshot will need."""
    runs = Runs(state(clusters), MemoryStore())
    runs.run().require()
    body = b"the same backup once more"
    key = blob_key(hashlib.sha256(body).hexdigest(), sealed=None)
    runs.store.put(key, body)
    runs.state.put(f"{name(0)}/{NEW}/_etcd_backup.meta", b'{"n":0,"at":1}')
    runs.state.put(f"{name(0)}/{NEW}/etcd.backup.gz", body)
    runs.later = timedelta(days=2)
    return runs, key


@pytest.mark.parametrize(
    ("method", "prefix"),
    [("put_if_absent", "sweeps/"), ("entry", "claims/"), ("delete", "blobs/")],
    ids=["before the sweep", "after its marks", "before the first delete"],
)
def test_a_prune_takes_no_blob_from_a_snapshot_that_is_made_meanwhile(
    method: str, prefix: str
) -> None:
    runs, orphan = orphaned()
    done: list[RunResult] = []
    store = Interrupted(runs.store, method, prefix, lambda: done.append(runs.run()))
    pruning = Runs(runs.state, store, at=600)
    pruning.later = runs.later

    plan = plan_prune(Runs(runs.state, runs.store, at=900).snapshots, ONLY_LAST)
    apply_prune(pruning.snapshots, plan, Quiet())

    (made,) = done[0].clusters
    assert made.error is None or isinstance(made.error, BeingCollected)
    check(runs.snapshots)
    assert (orphan in keys(runs.store)) == (made.error is None)
    runs.run().require()
    newest = runs.snapshots.manifest(choose(runs.snapshots, name(0), "latest"))
    assert orphan in {blob.key for blob in newest.blobs}
    check(runs.snapshots)


def test_a_prune_leaves_what_a_snapshot_claimed_whose_manifest_is_not_there_yet() -> None:
    runs, orphan = orphaned()
    pruning = Runs(runs.state, runs.store, at=600)
    pruning.later = runs.later
    collected: list[int] = []

    def prune() -> None:
        plan = plan_prune(pruning.snapshots, ONLY_LAST)
        collected.append(apply_prune(pruning.snapshots, plan, Quiet()).collected)

    making = Runs(runs.state, Interrupted(runs.store, "put_if_absent", "clusters/", prune), at=300)
    making.later = runs.later
    making.run().require()

    assert collected == [0]
    assert orphan in keys(runs.store)
    check(runs.snapshots)


def test_a_mirror_leaves_what_a_prune_of_the_second_site_is_collecting_and_ends_later() -> None:
    runs, orphan = orphaned()
    second = MemoryStore()
    mirror(runs.snapshots, second, Quiet()).require()
    runs.run().require()
    second.put(orphan, runs.store.get(orphan).body)
    refused: list[BeingCollected] = []

    def copy() -> None:
        try:
            mirror(runs.snapshots, second, Quiet())
        except BeingCollected as error:
            refused.append(error)

    there = Runs(runs.state, Interrupted(second, "delete", "blobs/", copy), at=600)
    there.later = runs.later
    apply_prune(there.snapshots, plan_prune(there.snapshots, ONLY_LAST), Quiet())

    assert len(refused) == 1
    assert refused[0].retryable
    check(Runs(runs.state, second).snapshots)
    mirror(runs.snapshots, second, Quiet()).require()
    assert check(Runs(runs.state, second).snapshots) == check(runs.snapshots)


def test_two_prunes_at_once_delete_no_object_twice() -> None:
    runs, orphan = orphaned()
    other = Runs(runs.state, runs.store, at=300)
    other.later = runs.later
    plan = plan_prune(runs.snapshots, ONLY_LAST)
    collected: list[int] = []
    store = Interrupted(
        runs.store,
        "delete",
        "blobs/",
        lambda: collected.append(apply_prune(other.snapshots, plan, Quiet()).collected),
    )
    pruning = Runs(runs.state, store, at=600)
    pruning.later = runs.later

    report = apply_prune(pruning.snapshots, plan, Quiet())

    assert (report.collected, collected) == (1, [0])
    assert orphan not in keys(runs.store)
    assert keys(runs.store, "sweeps/") == []


def test_claims_are_forgotten_when_they_do_not_count_any_more() -> None:
    runs, _ = orphaned()
    runs.run().require()
    assert keys(runs.store, "claims/") != []

    runs.later += timedelta(days=3)
    apply_prune(runs.snapshots, plan_prune(runs.snapshots, ONLY_LAST), Quiet())

    assert keys(runs.store, "claims/") == []
    check(runs.snapshots)


class Locked(Watched):
    """Refuses to delete blobs and archives, as an object lock or a policy does."""

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        if method == "delete" and (key.startswith("blobs/") or "state.tar" in key):
            raise StoreDenied(f"{key} is locked")
        return call()


def test_what_is_locked_is_told_and_stays_and_keeps_nothing_else_from_going() -> None:
    runs = Runs(state(2), MemoryStore())
    history(runs)
    orphan = "blobs/aa/" + "a" * 64
    runs.store.put(orphan, b"garbage")
    runs.later = timedelta(days=2)
    locked = Runs(runs.state, Locked(runs.store), at=600)
    locked.later = runs.later

    report = apply_prune(locked.snapshots, plan_prune(locked.snapshots, ONLY_LAST), Quiet())

    assert len(report.removed) == 3
    assert (report.locked, report.collected) == ((orphan,), 0)
    assert orphan in keys(runs.store)
    assert check(runs.snapshots) == 2


def test_what_a_target_has_made_by_itself_is_not_missing_from_its_source() -> None:
    state_store = state(1)
    near, far = Runs(state_store, MemoryStore()), Runs(state_store, MemoryStore(), at=30)
    near.run()
    far.run()

    report = mirror(near.snapshots, far.store, Quiet())

    report.require()
    assert len(report.copied) == 1
