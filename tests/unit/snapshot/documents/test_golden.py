"""A snapshot store of format 1 as it was once written: every later kled must read it."""

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.create.archive import pack
from kled.snapshot.documents.keys import Keys
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.documents import golden
from tests.unit.snapshot.fleets import expected, name, restored

CAPTURES = Path(__file__).parents[3] / "captures" / "snapshots"
FORMAT_1 = CAPTURES / "format-1"
SEALED = CAPTURES / "format-1-sealed"
"""Encrypted and signed; the identity beside it opens nothing else."""


def kept(place: Path = FORMAT_1, keys: Keys | None = None) -> SnapshotStore:
    store = MemoryStore()
    for file in place.rglob("*"):
        if file.is_file():
            store.put(file.relative_to(place).as_posix(), file.read_bytes())
    return SnapshotStore(
        store, keys or Keys(), now=lambda: datetime(2026, 11, 26, tzinfo=UTC), chance=bytes
    )


def sealed(directory: Path) -> SnapshotStore:
    identity = directory / "identity.txt"
    identity.write_bytes((SEALED / "identity.txt").read_bytes())
    identity.chmod(0o600)
    verification_key = (SEALED / "verification-key.txt").read_text().strip()
    return kept(SEALED / "store", Keys(identity=identity, verification_keys=(verification_key,)))


def test_a_store_of_format_1_is_read_and_proved() -> None:
    (ref,) = kept().list()

    report = verify(kept(), ref, level=1, by="test", record=False)

    assert report.level == 0
    assert golden.are_known(report.findings)
    assert restored(kept(), name(0)) == golden.former(0, expected(0, backup=str.encode))


def test_a_sealed_and_signed_store_of_format_1_is_opened_and_its_signature_holds(
    tmp_path: Path,
) -> None:
    (ref,) = sealed(tmp_path).list()

    report = verify(sealed(tmp_path), ref, level=1, by="test", record=False)

    assert report.level == 0
    assert golden.are_known(report.findings)
    assert restored(sealed(tmp_path), name(0)) == golden.former(0, expected(0, backup=str.encode))
    assert all(one.encrypted for one in sealed(tmp_path).manifest(ref).payloads)


def test_a_signature_of_format_1_of_another_key_is_refused(tmp_path: Path) -> None:
    (ref,) = sealed(tmp_path).list()
    other = Keys(verification_keys=(base64.b64encode(bytes(32)).decode(),))

    with pytest.raises(SnapshotNotTrustworthy):
        kept(SEALED / "store", other).manifest(ref)


def test_the_archive_of_the_same_objects_is_the_same_tar() -> None:
    (ref,) = kept().list()
    manifest = kept().manifest(ref)
    objects = golden.former(0, expected(0))
    archived = {one.key: objects[one.key] for one in manifest.objects if one.blob is None}

    plain = zstandard.ZstdDecompressor().decompress(pack(archived), max_output_size=1 << 20)

    old = (FORMAT_1 / manifest.archive.key).read_bytes()
    assert plain == zstandard.ZstdDecompressor().decompress(old, max_output_size=1 << 20)
    assert hashlib.sha256(old).hexdigest() == manifest.archive.stored_sha256
