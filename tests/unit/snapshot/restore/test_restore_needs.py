"""A preview of a restore says what is gone, not only the restore itself (fault 101)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.restore.needed import SMALL
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore
from tests.unit.snapshot.restoring import (
    CLUSTER,
    age_keys,
    plain_tree,
    put,
    read,
    snapshot_store,
    take,
    tree,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kled.snapshot.documents.keys import Keys
    from kled.snapshot.documents.manifest import Manifest, Payload


BACKUP = "backups/etcd/main/2026-11-23T11:00:00Z-000009"


def objects() -> dict[str, bytes]:
    """The tree of the other tests, and a backup of etcd that is no small one."""
    data = bytes(SMALL + 1)
    return tree() | {f"{BACKUP}/etcd.backup.gz": data, f"{BACKUP}/_etcd_backup.meta": b"{ }"}


def taken(keys: Keys | None = None) -> tuple[SnapshotStore, Manifest]:
    snapshots = snapshot_store(keys=keys)
    return snapshots, take(snapshots, objects())


def blob_of(manifest: Manifest, *, large: bool) -> tuple[str, Payload]:
    """One of the manifest's blobs, and the object that it is."""
    blob = next(one for one in manifest.blobs if (one.size > SMALL) == large)
    key = next(one.key for one in manifest.objects if one.blob == blob.sha256)
    return key, blob


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_a_plan_names_the_object_whose_blob_is_gone(
    tmp_path: Path, large: bool, sealed: bool
) -> None:
    snapshots, manifest = taken(age_keys(tmp_path) if sealed else None)
    key, blob = blob_of(manifest, large=large)
    snapshots.store.delete(blob.key)

    with pytest.raises(SnapshotNotTrustworthy, match=f"{key}: .*gone") as caught:
        plan_restore(snapshots, manifest, MemoryStore())

    assert caught.value.exit_code == 4
    assert blob.key in caught.value.message
    assert CLUSTER in str(caught.value.hint)


@pytest.mark.parametrize("large", [False, True])
def test_a_plan_names_the_object_whose_blob_is_cut(large: bool) -> None:
    snapshots, manifest = taken()
    key, blob = blob_of(manifest, large=large)
    body = snapshots.store.get(blob.key).body
    snapshots.store.put(blob.key, body[:-1])

    with pytest.raises(SnapshotNotTrustworthy, match=key):
        plan_restore(snapshots, manifest, MemoryStore())


def test_all_that_is_gone_is_counted() -> None:
    snapshots, manifest = taken()
    for blob in manifest.blobs:
        snapshots.store.delete(blob.key)
    number = sum(one.blob is not None for one in manifest.objects)

    with pytest.raises(SnapshotNotTrustworthy) as caught:
        plan_restore(snapshots, manifest, MemoryStore())

    assert caught.value.message.count("gone") == min(number, 3)


def test_what_the_target_has_already_is_not_missed() -> None:
    snapshots, manifest = taken()
    target = MemoryStore()
    put(target, objects())
    for blob in manifest.blobs:
        snapshots.store.delete(blob.key)

    assert plan_restore(snapshots, manifest, target).is_empty


def test_a_restore_reads_no_blob_twice() -> None:
    snapshots, manifest = taken()
    counted = CountingStore(snapshots.store)
    behind = SnapshotStore(counted, snapshots.keys, now=snapshots.now, chance=bytes)
    target = MemoryStore()

    plan = plan_restore(behind, manifest, target)
    apply_restore(plan, behind, target)

    assert all(read(target)[key] == body for key, body in plain_tree().items())
    assert read(target)[f"{BACKUP}/etcd.backup.gz"] == bytes(SMALL + 1)
    reads = [key for method, key in counted.keys if method == "read" and key.startswith("blobs/")]
    assert sorted(reads) == sorted(blob.key for blob in manifest.blobs)
