import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kled.errors import (
    ObjectMissing,
    PreconditionFailed,
)
from kled.kops.state_store import layout
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.base import Entry
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore, Watched
from tests.unit.snapshot.restoring import (
    CLUSTER,
    CREATED,
    LARGE,
    SPEC,
    local,
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
