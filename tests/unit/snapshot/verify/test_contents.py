"""What a manifest vouches for is what comes out, also where its writer meant harm."""

import hashlib
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from kled.errors import DiskUnusable, InvalidInput, SnapshotNotTrustworthy
from kled.snapshot.documents import names
from kled.snapshot.documents.manifest import Manifest, Payload
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import archived_objects, blob_file, packed_archive
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore
from tests.unit.snapshot.restoring import LARGE, age_keys, snapshot_store, take

OBJECTS = {"config": b"config", "addons/huge.addons.k8s.io/k8s.yaml": LARGE}


@pytest.fixture
def sealed(tmp_path: Path) -> SnapshotStore:
    return snapshot_store(keys=age_keys(tmp_path))


def vouching(manifest: Manifest, **archive: object) -> Manifest:
    payload = manifest.archive.model_copy(update=archive)
    return manifest.model_copy(update={"archive": payload})


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_an_archive_of_absurd_size_is_not_even_read() -> None:
    counting = CountingStore(MemoryStore())
    snapshots = snapshot_store(counting)
    manifest = vouching(take(snapshots, OBJECTS), stored_size=1 << 40)
    counting.counts.clear()

    with pytest.raises(SnapshotNotTrustworthy, match="claims"):
        packed_archive(snapshots, manifest)

    assert not counting.counts


def test_an_archive_that_another_sealed_to_the_same_recipient_is_refused(
    sealed: SnapshotStore,
) -> None:
    manifest = take(sealed, OBJECTS)
    forged = sealed.sealer.seal(b"something else")
    sealed.store.put(manifest.archive.key, forged)

    with pytest.raises(SnapshotNotTrustworthy, match="does not have the manifest's digest"):
        packed_archive(sealed, manifest)
    vouched = vouching(manifest, stored_sha256=digest(forged), stored_size=len(forged))
    with pytest.raises(SnapshotNotTrustworthy, match="does not hold what its manifest says"):
        packed_archive(sealed, vouched)


@pytest.mark.parametrize("plain", [LARGE[:-1], LARGE + b"!", LARGE[::-1], LARGE * 500, b""])
def test_a_blob_with_another_plaintext_is_refused(
    sealed: SnapshotStore, plain: bytes, tmp_path: Path
) -> None:
    (blob,) = take(sealed, OBJECTS).blobs
    forged = sealed.sealer.seal(plain)
    vouched = Payload(
        key=names.blob_key(blob.sha256, sealed=digest(forged)),
        sha256=blob.sha256,
        size=blob.size,
        stored_sha256=digest(forged),
        stored_size=len(forged),
        encrypted=True,
    )
    sealed.store.put(vouched.key, forged)

    with pytest.raises(SnapshotNotTrustworthy):
        blob_file(sealed, vouched, directory=tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["identity.txt"]


def test_a_blob_comes_out_as_it_went_in_and_leaves_nothing(
    sealed: SnapshotStore, tmp_path: Path
) -> None:
    (blob,) = take(sealed, OBJECTS).blobs

    with blob_file(sealed, blob, directory=tmp_path) as file:
        file.seek(0)
        assert file.read() == LARGE
        assert [found.name for found in tmp_path.iterdir()] == ["identity.txt"]


def test_a_damaged_ciphertext_is_not_decrypted(sealed: SnapshotStore) -> None:
    (blob,) = take(sealed, OBJECTS).blobs
    body = bytearray(sealed.store.get(blob.key).body)
    body[-1] ^= 1
    sealed.store.put(blob.key, bytes(body))
    vouched = blob.model_copy(update={"stored_sha256": digest(bytes(body))})

    with pytest.raises(SnapshotNotTrustworthy, match="manifest's digest"):
        blob_file(sealed, blob)
    with pytest.raises(SnapshotNotTrustworthy, match="cannot be decrypted"):
        blob_file(sealed, vouched)


def test_a_disk_without_room_is_named(sealed: SnapshotStore, tmp_path: Path) -> None:
    (blob,) = take(sealed, OBJECTS).blobs

    with pytest.raises(DiskUnusable, match="cannot keep a part of the snapshot") as caught:
        blob_file(sealed, blob, directory=tmp_path / "absent")

    assert "TMPDIR" in (caught.value.hint or "")


FULL = """
import resource, signal, sys
from pathlib import Path
from kled.snapshot.verify.contents import blob_file
from tests.unit.snapshot.restoring import age_keys, snapshot_store, take
from kled.errors import DiskUnusable
snapshots = snapshot_store(keys=age_keys(Path(sys.argv[1])))
(blob,) = take(snapshots, {"backups/etcd/main/a/etcd.backup.gz": bytes(3 << 20)}).blobs
for limit in (1 << 20, blob.stored_size, blob.size - 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        blob_file(snapshots, blob)
        print("fits")
    except DiskUnusable as error:
        print(error.message)
"""


def test_a_disk_that_fills_up_is_no_damaged_snapshot(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    full = "cannot keep a part of the snapshot: file too large"
    assert done.stdout.splitlines() == [full, "fits", full]


def test_without_an_identity_nothing_that_is_encrypted_is_read(sealed: SnapshotStore) -> None:
    manifest = take(sealed, OBJECTS)
    blind = snapshot_store(sealed.store)

    with pytest.raises(InvalidInput, match="no age identity"):
        packed_archive(blind, manifest)
    with pytest.raises(InvalidInput, match="no age identity"):
        blob_file(blind, manifest.blobs[0])


def test_what_is_gone_is_named_with_its_place() -> None:
    snapshots = snapshot_store()
    manifest = take(snapshots, OBJECTS)
    snapshots.store.delete(manifest.archive.key)

    with pytest.raises(SnapshotNotTrustworthy, match=manifest.archive.key) as caught:
        packed_archive(snapshots, manifest)

    assert "lifecycle" in (caught.value.hint or "")


@pytest.mark.parametrize("kind", ["plain", "sealed"])
def test_an_archive_that_is_large_as_it_is_stored_is_not_held(
    request: pytest.FixtureRequest, kind: str
) -> None:
    """Fault 87: one of 512 MiB, which somebody with the key declares, took twice as much memory."""
    snapshots = snapshot_store() if kind == "plain" else request.getfixturevalue("sealed")
    objects = {f"addons/{number}": os.urandom(4 << 20) for number in range(6)}
    manifest = take(snapshots, objects)

    tracemalloc.start()
    try:
        packed = packed_archive(snapshots, manifest)
        found = {record.key: digest(body) for record, body in archived_objects(manifest, packed)}
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    assert found == {key: digest(body) for key, body in objects.items()}


def test_an_archive_that_is_large_and_damaged_is_refused() -> None:
    snapshots = snapshot_store()
    manifest = take(snapshots, {f"addons/{number}": os.urandom(4 << 20) for number in range(3)})
    body = bytearray(snapshots.store.get(manifest.archive.key).body)
    body[-1] ^= 1
    snapshots.store.put(manifest.archive.key, bytes(body))

    with pytest.raises(SnapshotNotTrustworthy, match="is damaged: it does not have"):
        packed_archive(snapshots, manifest)
