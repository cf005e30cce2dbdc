"""A snapshot store of format 1 as it was once written: every later kled must read it."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import zstandard

from kled.snapshot.archive import pack
from kled.snapshot.keys import Keys
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify import verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import expected, name, restored

FORMAT_1 = Path(__file__).parents[2] / "captures" / "snapshots" / "format-1"


def kept() -> SnapshotStore:
    store = MemoryStore()
    for file in FORMAT_1.rglob("*"):
        if file.is_file():
            store.put(file.relative_to(FORMAT_1).as_posix(), file.read_bytes())
    return SnapshotStore(
        store, Keys(), now=lambda: datetime(2026, 11, 26, tzinfo=UTC), chance=bytes
    )


def test_a_store_of_format_1_is_read_and_proved() -> None:
    (ref,) = kept().list()

    report = verify(kept(), ref, level=1, by="test", record=False)

    assert (report.level, report.findings) == (1, ())
    assert restored(kept(), name(0)) == expected(0)


def test_the_archive_of_the_same_objects_is_the_same_tar() -> None:
    (ref,) = kept().list()
    manifest = kept().manifest(ref)
    archived = {one.key: expected(0)[one.key] for one in manifest.objects if one.blob is None}

    plain = zstandard.ZstdDecompressor().decompress(pack(archived), max_output_size=1 << 20)

    old = (FORMAT_1 / manifest.archive.key).read_bytes()
    assert plain == zstandard.ZstdDecompressor().decompress(old, max_output_size=1 << 20)
    assert hashlib.sha256(old).hexdigest() == manifest.archive.stored_sha256
