"""Restores under failures, late answers and changes since their plan; and what they refuse."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import (
    CapabilityMissing,
    InvalidInput,
    NotApproved,
    PreconditionFailed,
    SnapshotNotTrustworthy,
    StoreUnavailable,
)
from kled.retry import Clock
from kled.snapshot.progress import Quiet
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.memory import MemoryStore
from kled.storage.retrying import RetryingStore
from tests.stores import CountingStore, FailingStore, Watched
from tests.unit.snapshot.restoring import (
    CLUSTER,
    CREATED,
    SPEC,
    age_keys,
    plain_tree,
    put,
    read,
    snapshot_store,
    take,
    tree,
)

SNAPSHOTS = snapshot_store()
MANIFEST = take(SNAPSHOTS, tree())


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("side", ["target", "snapshots"])
def test_a_failure_at_any_call_leaves_what_the_next_run_finishes(side: str, after: bool) -> None:
    at = finished = 0
    while not finished:
        at += 1
        inner = MemoryStore()
        put(inner, {"config": b"old", "secrets/admin": b"old"})
        chosen: MemoryStore = inner if side == "target" else SNAPSHOTS.store  # type: ignore[assignment]
        failing = FailingStore(chosen, at=at, after=after)
        target = failing if side == "target" else inner
        snapshots = SNAPSHOTS if side == "target" else snapshot_store(failing)
        try:
            plan = plan_restore(snapshots, MANIFEST, target, with_control=True)
            apply_restore(plan, snapshots, target)
        except StoreUnavailable:
            _require_no_half(read(inner))
        else:
            finished = failing.calls < at

        again = plan_restore(SNAPSHOTS, MANIFEST, inner, with_control=True)
        apply_restore(again, SNAPSHOTS, inner)
        assert read(inner) == tree()
    assert at > 10 if side == "target" else at > 4


def test_writes_that_are_answered_late_are_not_taken_for_a_stranger_s() -> None:
    inner = MemoryStore()
    put(inner, {"config": b"old", "addons/huge.addons.k8s.io/k8s.yaml": b"old"})
    calls = FailingStore(inner, at=0)
    plan_restore(SNAPSHOTS, MANIFEST, calls)
    for at in range(calls.calls + 1, calls.calls + 1 + len(plain_tree())):
        target = MemoryStore()
        put(target, read(inner))
        retrying = RetryingStore(
            FailingStore(target, at=at, after=True), Clock(lambda: 0.0, lambda seconds: None)
        )
        apply_restore(plan_restore(SNAPSHOTS, MANIFEST, retrying), SNAPSHOTS, retrying)

        assert read(target) == plain_tree()


def _require_no_half(found: dict[str, bytes]) -> None:
    """Every object is the old or the new one; no cluster without keys, no spec before created."""
    for key, body in found.items():
        assert body in (tree()[key], b"old")
    if found.get("config") == tree()["config"]:
        assert found.keys() == tree().keys()
    assert SPEC not in found or CREATED in found


def test_a_plan_is_data_and_what_was_approved_is_what_is_done() -> None:
    target = MemoryStore()
    plan = plan_restore(SNAPSHOTS, MANIFEST, target)
    said = plan.as_json()

    assert said["digest"] == plan.digest == plan_restore(SNAPSHOTS, MANIFEST, target).digest
    assert said["bytes"] == plan.size
    assert "c2VjcmV0" not in repr(plan)
    put(target, {"config": b"somebody was faster"})
    later = plan_restore(SNAPSHOTS, MANIFEST, target)
    assert later.digest != plan.digest
    with pytest.raises(NotApproved, match="is not what would be restored now"):
        apply_restore(later, SNAPSHOTS, target, approved=plan.digest)
    assert list(read(target)) == ["config"]


def test_what_changed_since_the_plan_is_not_overwritten() -> None:
    target = MemoryStore()
    put(target, {"config": b"old"})
    plan = plan_restore(SNAPSHOTS, MANIFEST, target)
    put(target, {"config": b"newer than the plan"})

    with pytest.raises(PreconditionFailed, match="changed since the restore was planned"):
        apply_restore(plan, SNAPSHOTS, target)

    assert read(target)["config"] == b"newer than the plan"


def test_what_was_deleted_since_the_plan_is_not_made_again() -> None:
    target = MemoryStore()
    put(target, {"config": b"old"})
    plan = plan_restore(SNAPSHOTS, MANIFEST, target)
    target.delete(f"{CLUSTER}/config")

    with pytest.raises(PreconditionFailed, match="changed since the restore was planned"):
        apply_restore(plan, SNAPSHOTS, target)


class Unconditional(Watched):
    """A store that has no conditional writes, and says so."""

    def _meet(self, method: str, key: str, call: Callable[[], Any]) -> Any:
        if method in {"put_if_absent", "replace"}:
            raise CapabilityMissing("no conditions here")
        return call()

    def write(self, key: str, chunks: Iterable[bytes], **kwargs: Any) -> str:
        if kwargs.get("absent", True):
            raise CapabilityMissing("no conditions here")
        return super().write(key, chunks, **kwargs)


def test_a_store_without_conditional_writes_is_restored_into_as_well() -> None:
    inner = MemoryStore()
    put(inner, {"config": b"old"})
    target = Unconditional(inner)

    apply_restore(plan_restore(SNAPSHOTS, MANIFEST, target), SNAPSHOTS, target)

    assert read(inner) == plain_tree()


def test_progress_is_told_of_every_object_and_byte() -> None:
    class Watching(Quiet):
        expected = told = 0

        def expect(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
            self.expected += size + objects

        def done(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
            self.told += size + objects

    target, watching = MemoryStore(), Watching()
    plan = plan_restore(SNAPSHOTS, MANIFEST, target)
    apply_restore(plan, SNAPSHOTS, target, progress=watching)

    assert watching.told == watching.expected == plan.size + len(plan.writes)


def test_two_restores_at_once_both_end_well() -> None:
    target = MemoryStore()
    plans = [plan_restore(SNAPSHOTS, MANIFEST, target) for _ in range(2)]
    for plan in plans:
        apply_restore(plan, SNAPSHOTS, target)

    assert read(target) == plain_tree()


@pytest.mark.parametrize(
    "prefix", ["", "/", "../up", "a//b", "a/./b", "/etc", ".kled/leases", "a/\0"]
)
def test_no_prefix_leads_out_of_the_store(prefix: str) -> None:
    target = CountingStore(MemoryStore())

    with pytest.raises(InvalidInput):
        plan_restore(SNAPSHOTS, MANIFEST, target, cluster_prefix=prefix)

    assert not target.counts


def test_the_snapshot_store_is_not_restored_into() -> None:
    with pytest.raises(InvalidInput, match="keeps its own objects"):
        plan_restore(SNAPSHOTS, MANIFEST, SNAPSHOTS.store, cluster_prefix=f"clusters/{CLUSTER}")


def test_a_plan_is_for_one_store() -> None:
    plan = plan_restore(SNAPSHOTS, MANIFEST, MemoryStore())

    with pytest.raises(InvalidInput, match="the plan is for"):
        apply_restore(plan, SNAPSHOTS, MemoryStore())


def test_encrypted_snapshots_need_the_right_identity(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    keys, other = age_keys(tmp_path), age_keys(tmp_path / "other")
    writer = snapshot_store(keys=replace(keys, identity=None))
    manifest = take(writer, tree())
    target = MemoryStore()

    with pytest.raises(InvalidInput, match="no age identity is named"):
        plan_restore(writer, manifest, target)
    wrong = snapshot_store(writer.store, replace(keys, identity=other.identity))
    with pytest.raises(InvalidInput, match="encrypted to others than this identity"):
        plan_restore(wrong, manifest, target)

    right = snapshot_store(writer.store, keys)
    apply_restore(plan_restore(right, manifest, target), right, target)
    assert read(target) == plain_tree()
    assert b"kubernetesVersion" not in b"".join(read(writer.store, "").values())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_payload_is_refused_before_a_byte_is_written(data: st.DataObject) -> None:
    bodies = read(SNAPSHOTS.store, "")
    damaged = data.draw(st.sampled_from(sorted(k for k in bodies if "manifest" not in k)))
    body = bytearray(bodies[damaged])
    match data.draw(st.sampled_from(["flip", "cut", "longer", "gone", "swap"])):
        case "flip":
            body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        case "cut":
            del body[data.draw(st.integers(0, len(body) - 1)) :]
        case "longer":
            body += data.draw(st.binary(min_size=1, max_size=20))
        case "swap":
            body[:] = bodies[data.draw(st.sampled_from(sorted(bodies.keys() - {damaged})))]
        case _:
            del bodies[damaged]
    if damaged in bodies:
        bodies[damaged] = bytes(body)
    store, target = MemoryStore(), MemoryStore()
    put(store, bodies, "")
    snapshots = snapshot_store(store)

    with pytest.raises(SnapshotNotTrustworthy):
        apply_restore(plan_restore(snapshots, MANIFEST, target), snapshots, target)

    assert read(target, "") == {}
