"""What a state store has of a cluster, judged as a snapshot of it would be."""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kled.errors import BucketMissing
from kled.recovery.looks.state import look_at_state
from kled.retry import Clock
from kled.storage.base import Entry, ObjectStore
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from tests.boxes import Box, make_box

C = "c.example.com"


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A sandbox with a cluster that was applied."""
    box = make_box(tmp_path_factory.mktemp("applied") / "box")
    made = box.kops("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws")
    assert made.returncode == 0, made.stderr
    assert box.kops("update", "cluster", f"--name={C}", "--yes").returncode == 0
    shutil.copytree(box.directory / "state", box.directory / "kept")
    return box


@pytest.fixture
def store(applied: Box) -> LocalStore:
    """Its state store, as it was: a definition names its own place."""
    root = applied.directory / "state"
    shutil.rmtree(root)
    shutil.copytree(applied.directory / "kept", root)
    return LocalStore(root, Clock(time.monotonic, time.sleep))


class NoBucket(MemoryStore):
    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        raise BucketMissing("there is no bucket state")


def backed_up(store: ObjectStore, *names: str) -> None:
    for name in names:
        for file in ("etcd.backup.gz", "_etcd_backup.meta"):
            store.put(f"{C}/backups/etcd/main/{name}/{file}", b"1")


def test_an_applied_cluster_is_whole(store: LocalStore) -> None:
    left = look_at_state(store, C).left

    assert (left.fact, left.findings, left.damaged) == ("whole", (), ())
    assert left.counts["identity"] > 8
    assert left.groups == ("control-plane-us-east-1a", "nodes-us-east-1a")


def test_a_definition_that_was_never_applied_is_no_loss(store: LocalStore) -> None:
    for entry in list(store.entries(f"{C}/")):
        if not entry.key.startswith((f"{C}/config", f"{C}/instancegroup/")):
            store.delete(entry.key)

    assert look_at_state(store, C).left.fact == "unapplied"


def test_a_store_without_the_cluster_is_told_from_one_that_is_gone() -> None:
    assert look_at_state(MemoryStore(), C).left.fact == "gone"
    assert look_at_state(NoBucket(), C).left.fact == "store-gone"


def test_what_etcd_manager_leaves_behind_is_no_cluster() -> None:
    store = MemoryStore()
    backed_up(store, "2026-11-30T01:00:00Z-000001")

    left = look_at_state(store, C).left

    assert left.fact == "gone"
    assert [backup.name for backup in left.backups] == ["2026-11-30T01:00:00Z-000001"]


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("pki/private/kubernetes-ca/keyset.yaml", ("identity",)),
        ("config", ("intent",)),
        ("instancegroup/control-plane-us-east-1a", ("intent",)),
    ],
)
def test_damage_is_of_a_kind(store: LocalStore, key: str, kinds: tuple[str, ...]) -> None:
    store.put(f"{C}/{key}", b"garbage: [")

    left = look_at_state(store, C).left

    assert left.fact == "damaged"
    assert left.damaged == kinds
    assert any(key.partition("/")[0] in finding for finding in left.findings)


def test_a_lost_control_marker_is_damage_where_etcd_has_run(store: LocalStore) -> None:
    backed_up(store, "2026-11-30T01:00:00Z-000001")

    left = look_at_state(store, C).left

    assert (left.fact, left.damaged) == ("damaged", ("control",))
    assert "let no control plane machine restart" in left.findings[0]


def test_a_few_of_the_newest_backups_are_told(store: LocalStore) -> None:
    names = [f"2026-11-30T0{hour}:00:00Z-00000{hour}" for hour in range(5)]
    backed_up(store, *names)
    store.put(f"{C}/backups/etcd/main/2026-11-30T09:00:00Z-000009/etcd.backup.gz", b"1")

    told = [backup.name for backup in look_at_state(store, C).left.backups]

    assert told == names[:1:-1]
    newest = look_at_state(store, C).left.backups[0]
    assert newest.at == datetime(2026, 11, 30, 4, tzinfo=UTC)
