"""What a bucket keeps of objects that were deleted."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kled.recovery.looks.versions import look_at_versions
from kled.retry import Clock
from kled.storage.base import Version
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore

C = "c.example.com"
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
PARTS = ("config", "instancegroup/nodes", "pki/private/kubernetes-ca/keyset.yaml", "secrets/kube")


class Generations(MemoryStore):
    """A store without markers, as Google and Azure are: what is gone has no latest version."""

    def versions(self, prefix: str = "") -> Iterator[Version]:
        return (
            Version(f"{C}/{part}", "1", "1", 10, NOW, latest=part == "config", deleted=False)
            for part in PARTS
        )


@pytest.fixture
def bucket() -> MemoryStore:
    store = MemoryStore(versioned=True)
    for part in PARTS:
        store.put(f"{C}/{part}", b"1")
    return store


def test_nothing_is_deleted_where_all_is_there(bucket: MemoryStore) -> None:
    left = look_at_versions(bucket, C)

    assert (left.keeps, left.count, left.whole, left.last) == (True, 0, True, None)


def test_what_has_a_delete_marker_is_counted_by_what_it_is(bucket: MemoryStore) -> None:
    for part in PARTS:
        bucket.delete(f"{C}/{part}")

    left = look_at_versions(bucket, C)

    assert left.deleted == {"identity": 2, "intent": 2}
    assert left.whole
    assert left.last is not None


def test_what_was_written_again_is_not_deleted(bucket: MemoryStore) -> None:
    bucket.delete(f"{C}/config")
    bucket.put(f"{C}/config", b"2")

    assert look_at_versions(bucket, C).count == 0


def test_a_neighbour_whose_name_begins_alike_is_left_out(bucket: MemoryStore) -> None:
    bucket.put(f"{C}.au/config", b"1")
    bucket.delete(f"{C}.au/config")

    assert look_at_versions(bucket, C).count == 0


def test_without_the_keys_it_is_not_whole() -> None:
    store = MemoryStore(versioned=True)
    store.put(f"{C}/config", b"1")
    store.delete(f"{C}/config")

    left = look_at_versions(store, C)

    assert (left.count, left.whole) == (1, False)


def test_a_store_without_markers_tells_by_what_has_no_latest_version() -> None:
    left = look_at_versions(Generations(), C)

    assert left.deleted == {"identity": 2, "intent": 1}
    assert left.last is None


def test_a_directory_keeps_none(tmp_path: Path) -> None:
    assert not look_at_versions(LocalStore(tmp_path, Clock(time.monotonic, time.sleep)), C).keeps
