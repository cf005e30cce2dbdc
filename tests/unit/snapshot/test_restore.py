import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
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
    ObjectMissing,
    PreconditionFailed,
    SnapshotNotTrustworthy,
    StoreUnavailable,
)
from kled.kops import layout
from kled.retry import Clock
from kled.snapshot.progress import Quiet
from kled.snapshot.restore import apply_restore, plan_restore
from kled.storage.base import Entry
from kled.storage.local import LocalStore
from kled.storage.memory import MemoryStore
from kled.storage.retrying import RetryingStore
from tests.stores import CountingStore, FailingStore, Watched
from tests.unit.snapshot.restoring import (
    CLUSTER,
    CREATED,
    LARGE,
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


def test_an_empty_store_gets_every_byte_but_live_control_state() -> None:
    target = MemoryStore()

    plan = plan_restore(SNAPSHOTS, MANIFEST, target)
    report = apply_restore(plan, SNAPSHOTS, target)

    assert read(target) == plain_tree()
    assert (report.created, report.replaced, report.same) == (len(plain_tree()), 0, 0)
    assert report.as_json()["bytes"] == sum(map(len, plain_tree().values()))
    assert plan_restore(SNAPSHOTS, MANIFEST, target).is_empty


@pytest.mark.parametrize("prefix", ["other.example.com", "team/a/demo.example.com/"])
def test_a_cluster_goes_to_another_prefix_of_another_kind_of_store(
    prefix: str, tmp_path: Path
) -> None:
    target = local(tmp_path)

    plan = plan_restore(SNAPSHOTS, MANIFEST, target, cluster_prefix=prefix)
    apply_restore(plan, SNAPSHOTS, target)

    folder = tmp_path / prefix
    found = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert found == plain_tree()


def test_only_what_differs_is_written() -> None:
    target = MemoryStore()
    put(target, plain_tree())
    target.put(f"{CLUSTER}/config", b"spoiled")
    target.put(f"{CLUSTER}/kops-version.txt", b"1.36.0")  # of the right size
    target.delete(f"{CLUSTER}/secrets/admin")
    target.put(f"{CLUSTER}/addons/mine/a.yaml", b"mine")
    counting = CountingStore(target)

    plan = plan_restore(SNAPSHOTS, MANIFEST, counting)
    report = apply_restore(plan, SNAPSHOTS, counting)

    changed = {write.record.key: write.action for write in plan.writes}
    assert changed == {
        "config": "replace",
        "kops-version.txt": "replace",
        "secrets/admin": "create",
    }
    assert (report.created, report.replaced, report.deleted) == (1, 2, 0)
    assert report.same == len(plain_tree()) - 3
    assert counting.counts["put_if_absent"] + counting.counts["replace"] == 3
    assert read(target) == plain_tree() | {"addons/mine/a.yaml": b"mine"}


def test_what_is_too_much_goes_only_when_told_and_never_backups_or_control() -> None:
    target = MemoryStore()
    kept = {
        "backups/etcd/main/2026-11-24T00:00:00Z-000099/etcd.backup.gz": b"newer",
        "backups/etcd/main/control/2026-11-24T00:00:00Z-000000/_command.json": b"{}",
        SPEC: b"live",
    }
    put(target, plain_tree() | kept | {"addons/mine/a.yaml": b"mine", "secrets/more": b"more"})

    quiet = plan_restore(SNAPSHOTS, MANIFEST, target)
    assert quiet.extra == ("addons/mine/a.yaml", "secrets/more")
    assert quiet.is_empty
    only = plan_restore(SNAPSHOTS, MANIFEST, target, classes=["derived"], delete_extra=True)
    assert only.deletes == ("addons/mine/a.yaml",)

    plan = plan_restore(SNAPSHOTS, MANIFEST, target, delete_extra=True)
    assert apply_restore(plan, SNAPSHOTS, target).deleted == 2
    assert read(target) == plain_tree() | kept


def test_a_class_can_be_restored_alone() -> None:
    target = MemoryStore()

    plan = plan_restore(SNAPSHOTS, MANIFEST, target, classes=["identity"])
    apply_restore(plan, SNAPSHOTS, target)

    wanted = {key: body for key, body in tree().items() if layout.kind_of(key) == "identity"}
    assert read(target) == wanted


class Littered(Watched):
    """Another tool left objects whose names no store of kled takes."""

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        yield from super().entries(prefix, start_after=start_after)
        yield Entry(f"{CLUSTER}/addons//double", 1, "t")


def test_an_object_that_cannot_be_named_is_left_alone() -> None:
    target = Littered(MemoryStore())

    plan = plan_restore(SNAPSHOTS, MANIFEST, target, delete_extra=True)

    assert plan.deletes == ()
    assert apply_restore(plan, SNAPSHOTS, target).deleted == 0


class Writing(CountingStore):
    """Remembers the order in which objects became visible."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.order: list[str] = []
        self._order = threading.Lock()

    def _meet(self, method: str, key: str, call: Callable[[], Any]) -> Any:
        answer = super()._meet(method, key, call)
        if method in {"put", "put_if_absent", "replace", "write"}:
            with self._order:
                self.order.append(key.removeprefix(f"{CLUSTER}/"))
        return answer


def test_keys_come_first_markers_in_their_order_and_the_config_last() -> None:
    target = Writing()

    plan = plan_restore(SNAPSHOTS, MANIFEST, target, with_control=True)
    apply_restore(plan, SNAPSHOTS, target)

    order = target.order
    identity = [layout.kind_of(key) == "identity" for key in order]
    assert identity == sorted(identity, reverse=True)
    assert order[-3:] == [CREATED, SPEC, "config"]
    names = [key.rpartition("/")[2] for key in order]
    assert names.index("etcd.backup.gz") < names.index("_etcd_backup.meta")
    assert read(target) == tree()


def test_markers_that_are_there_stay_as_they_are_and_the_missing_one_comes_back() -> None:
    target = MemoryStore()
    put(target, plain_tree() | {SPEC: b'{"memberCount": 3, "etcdVersion": "3.6.13"}'})

    plan = plan_restore(SNAPSHOTS, MANIFEST, target, with_control=True)
    apply_restore(plan, SNAPSHOTS, target)

    assert plan.left == (SPEC,)
    assert [write.record.key for write in plan.writes] == [CREATED]
    assert read(target)[SPEC] == b'{"memberCount": 3, "etcdVersion": "3.6.13"}'
    assert read(target)[CREATED] == tree()[CREATED]


def test_a_restore_asks_for_little_more_than_it_writes() -> None:
    many = {f"addons/a{n}.addons.k8s.io/k8s.yaml": b"%d" % n for n in range(80)}
    snapshots = snapshot_store()
    objects = {
        key: body
        for key, body in (plain_tree() | many).items()
        if body != LARGE and layout.kind_of(key) != "etcd-backup"
    }
    manifest = take(snapshots, objects)
    source, target = CountingStore(snapshots.store), CountingStore(MemoryStore())
    counted = snapshot_store(source)

    apply_restore(plan_restore(counted, manifest, target), counted, target)

    requests = source.counts["read"] + source.counts["get"] + 1  # and one page of the listing
    requests += target.counts["put_if_absent"] + target.counts["get"] + target.counts["read"]
    assert requests <= 1.05 * len(objects)


class Hashing(CountingStore):
    """Its tags are MD5, as those of S3 are."""

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        for entry in super().entries(prefix, start_after=start_after):
            body = self.inner.get(entry.key).body
            tag = hashlib.md5(body, usedforsecurity=False).hexdigest()
            yield entry._replace(tag=f'"{tag}"')


def test_where_tags_are_md5_only_blobs_and_other_bytes_are_read() -> None:
    inner = MemoryStore()
    put(inner, plain_tree() | {"kops-version.txt": b"1.36.0"})
    target = Hashing(inner)

    plan = plan_restore(SNAPSHOTS, MANIFEST, target)

    assert [write.record.key for write in plan.writes] == ["kops-version.txt"]
    blobs = {one.key for one in MANIFEST.objects if one.blob}
    looked_at = {key.removeprefix(f"{CLUSTER}/") for name, key in target.keys if name == "read"}
    assert looked_at == blobs | {"kops-version.txt"}


def test_a_large_object_that_appeared_since_the_plan_is_not_overwritten() -> None:
    target, huge = MemoryStore(), "addons/huge.addons.k8s.io/k8s.yaml"
    plan = plan_restore(SNAPSHOTS, MANIFEST, target)
    put(target, {huge: b"somebody else's"})

    with pytest.raises(PreconditionFailed, match="changed since the restore was planned"):
        apply_restore(plan, SNAPSHOTS, target)

    assert read(target)[huge] == b"somebody else's"


def test_an_object_that_goes_while_it_is_compared_is_no_same_object() -> None:
    class Going(Watched):
        def read(self, key: str, **kwargs: Any) -> Any:
            raise ObjectMissing(key)

    inner = MemoryStore()
    put(inner, plain_tree())

    plan = plan_restore(SNAPSHOTS, MANIFEST, Going(inner))

    assert plan.same == ()


def test_home_is_compared_by_tags_alone_but_files_are_read() -> None:
    state = MemoryStore(name="home")
    put(state, plain_tree())
    tags = {e.key.removeprefix(f"{CLUSTER}/"): e.tag for e in state.entries()}
    snapshots = snapshot_store()
    manifest = take(snapshots, plain_tree(), state_store="memory://home", tags=tags)
    counting = CountingStore(state)

    assert plan_restore(snapshots, manifest, counting).is_empty
    assert counting.counts["read"] == 0


def test_rotten_bytes_behind_an_unchanged_tag_are_restored(tmp_path: Path) -> None:
    state = local(tmp_path)
    put(state, plain_tree() | {"secrets/admin": tree()["secrets/admin"][::-1]})
    tags = {e.key.removeprefix(f"{CLUSTER}/"): e.tag for e in state.entries()}
    snapshots = snapshot_store()
    manifest = take(snapshots, plain_tree(), state_store=state.location.url, tags=tags)

    plan = plan_restore(snapshots, manifest, state)
    apply_restore(plan, snapshots, state)

    assert read(state) == plain_tree()


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
        case "gone":
            del bodies[damaged]
    if damaged in bodies:
        bodies[damaged] = bytes(body)
    store, target = MemoryStore(), MemoryStore()
    put(store, bodies, "")
    snapshots = snapshot_store(store)

    with pytest.raises(SnapshotNotTrustworthy):
        apply_restore(plan_restore(snapshots, MANIFEST, target), snapshots, target)

    assert read(target, "") == {}


def local(folder: Path) -> LocalStore:
    return LocalStore(folder, Clock(time.monotonic, time.sleep))
