"""What `kled.storage.base` promises of readings, large writes, listings and versions."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import CapabilityMissing, ObjectMissing, PreconditionFailed, StoreError
from tests.conformance import places
from tests.stores import Sized, keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kled.storage.base import ObjectStore

MIB = 1 << 20
LARGE = bytes(range(256)) * (12 * MIB // 256) + b"end"


class Source:
    """Bytes that can be read from the start as often as wanted."""

    def __init__(self, body: bytes, step: int = MIB + 1) -> None:
        self.body, self.step = body, step

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.body), self.step):
            yield self.body[start : start + self.step]


def test_a_put_writes_over_what_is_there(store: ObjectStore) -> None:
    old = store.put("a/b", b"1")

    new = store.put("a/b", b"2")

    assert (store.get("a/b").body, store.get("a/b").tag) == (b"2", new)
    assert old != new


def test_a_conditional_get_sees_only_the_state_it_names(store: ObjectStore) -> None:
    old = store.put("key", b"1")
    new = store.put("key", b"2")

    assert store.get("key", tag=new).body == b"2"
    with pytest.raises(PreconditionFailed):
        store.get("key", tag=old)
    with pytest.raises(PreconditionFailed), store.read("key", tag=old):
        pass


def test_a_conditional_get_of_what_is_gone_finds_nothing(store: ObjectStore) -> None:
    tag = store.put("key", b"1")
    store.delete("key")

    with pytest.raises((ObjectMissing, PreconditionFailed)):
        store.get("key", tag=tag)


def test_a_large_object_is_written_and_read_in_pieces(store: ObjectStore) -> None:
    tag = store.write("a/large", Source(LARGE))

    with store.read("a/large") as reading:
        pieces = list(reading.chunks())

    assert b"".join(pieces) == LARGE
    assert (reading.size, reading.tag) == (len(LARGE), tag)
    assert all(pieces)
    assert max(map(len, pieces)) <= 4 * MIB


def test_a_large_object_of_known_size_is_written_whole_where_there_is_none(
    store: ObjectStore,
) -> None:
    tag = store.write("key", Sized([LARGE, b"and more"]))

    with store.read("key") as reading:
        assert b"".join(reading.chunks()) == LARGE + b"and more"
        assert (reading.size, reading.tag) == (len(LARGE) + 8, tag)
    with pytest.raises(PreconditionFailed):
        store.write("key", Sized([LARGE]))
    store.write("key", Sized([LARGE]), absent=False)
    assert store.get("key").body == LARGE


def test_a_reading_starts_where_it_is_told(store: ObjectStore) -> None:
    tag = store.put("key", b"0123456789")

    for start in (0, 4, 10):
        with store.read("key", tag=tag, start=start) as reading:
            assert b"".join(reading.chunks()) == b"0123456789"[start:]
            assert (reading.size, reading.tag) == (10, tag)


def test_an_empty_stream_is_an_empty_object(store: ObjectStore) -> None:
    store.write("empty", [])

    with store.read("empty") as reading:
        assert list(reading.chunks()) == []
    assert store.get("empty").body == b""


def test_a_reading_of_what_is_absent_finds_nothing(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing), store.read("absent"):
        pass


@pytest.mark.parametrize("body", [b"small", LARGE], ids=["small", "large"])
def test_a_streamed_object_appears_only_where_there_is_none(
    store: ObjectStore, body: bytes
) -> None:
    store.put("key", b"first")

    with pytest.raises(PreconditionFailed):
        store.write("key", Source(body))
    assert store.get("key").body == b"first"

    store.write("key", Source(body), absent=False)
    assert store.get("key").body == body


def test_of_a_stream_that_breaks_nothing_becomes_visible(store: ObjectStore) -> None:
    def broken() -> Iterator[bytes]:
        yield from Source(LARGE)
        raise OSError("the source broke")

    with pytest.raises(OSError, match="the source broke"):
        store.write("key", broken())

    assert keys(store) == []
    store.put_if_absent("key", b"whole")


def test_what_the_reader_raises_stays_what_it_is(store: ObjectStore) -> None:
    store.put("key", b"body")

    with pytest.raises(OSError, match="the reader's own"), store.read("key"):
        raise OSError("the reader's own")


def test_a_listing_tells_size_tag_and_time(store: ObjectStore) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    tags = {"a": store.put("a", b"123"), "b/c": store.write("b/c", Source(LARGE))}

    found = {entry.key: entry for entry in store.entries()}

    assert {key: entry.tag for key, entry in found.items()} == tags
    assert {key: entry.size for key, entry in found.items()} == {"a": 3, "b/c": len(LARGE)}
    assert all(store.get(key, tag=entry.tag) for key, entry in found.items())
    for entry in found.values():
        assert entry.modified is not None
        assert began < entry.modified < datetime.now(UTC) + timedelta(seconds=5)


def test_a_prefix_is_any_beginning_of_a_key(store: ObjectStore) -> None:
    for key in ("c.example.com/config", "c.example.com.old/config", "c.example.co/config"):
        store.put(key, b"")

    assert keys(store, "c.example.com/") == ["c.example.com/config"]
    assert keys(store, "c.example.com") == ["c.example.com.old/config", "c.example.com/config"]
    assert keys(store, "", start_after="c.example.com.p") == ["c.example.com/config"]
    assert keys(store, "c.example.com/", start_after="d") == []


def test_a_store_without_versions_says_so_or_shows_one(store: ObjectStore) -> None:
    store.put("key", b"1")
    store.put("key", b"2")

    try:
        found = list(store.versions("key"))
    except CapabilityMissing:
        found = []

    assert len(found) <= 1
    assert all(one.latest and not one.deleted for one in found)


def test_older_states_can_be_read_where_they_are_kept(versioned: ObjectStore) -> None:
    versioned.put("key", b"1")
    versioned.put("key", b"2")
    versioned.delete("key")
    versioned.put("key2", b"3")
    versioned.put("other", b"4")

    found = list(versioned.versions("key"))

    assert [one.key for one in found if not one.deleted] == ["key", "key", "key2"]
    states = [one for one in found if one.key == "key" and not one.deleted]
    assert [versioned.get("key", version=one.version).body for one in states] == [b"2", b"1"]
    assert [one.size for one in states] == [1, 1]
    assert not any(one.latest for one in states)
    with versioned.read("key", version=states[1].version) as reading:
        assert b"".join(reading.chunks()) == b"1"


def test_a_version_that_never_was_is_missing(versioned: ObjectStore) -> None:
    versioned.put("key", b"1")
    versioned.put("key", b"2")
    (_, old) = versioned.versions("key")
    versioned.put("other", b"3")

    with pytest.raises((ObjectMissing, StoreError)):
        versioned.get("other", version=old.version)


@pytest.mark.emulators
def test_of_a_broken_multipart_upload_nothing_is_left(request: pytest.FixtureRequest) -> None:
    place = places.made("minio", request)
    store, client = place.open(), places.s3_client(place)

    def broken() -> Iterator[bytes]:
        yield from Source(LARGE)
        raise OSError("the source broke")

    with pytest.raises(OSError, match="the source broke"):
        store.write("key", broken())
    store.put("taken", b"")
    with pytest.raises(PreconditionFailed):
        store.write("taken", Source(LARGE))

    assert "Uploads" not in client.list_multipart_uploads(Bucket=place.bucket, Prefix="key")
    assert "Uploads" not in client.list_multipart_uploads(Bucket=place.bucket, Prefix="taken")


@pytest.mark.parametrize("kind", ["s3", pytest.param("minio", marks=pytest.mark.emulators)])
def test_what_is_stored_compressed_is_read_as_it_is_stored(
    request: pytest.FixtureRequest, kind: str
) -> None:
    place, body = places.made(kind, request), gzip.compress(b"body")
    places.s3_client(place).put_object(
        Bucket=place.bucket, Key="key", Body=body, ContentEncoding="gzip"
    )

    assert place.open().get("key").body == body


@pytest.mark.emulators
@pytest.mark.parametrize("kind", ["minio", "fake-gcs-server", "azurite"])
def test_a_listing_goes_over_many_pages(request: pytest.FixtureRequest, kind: str) -> None:
    store = places.made(kind, request).open("below")
    wanted = [f"c/{number:04}" for number in range(2105)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, b""), wanted))

    assert keys(store) == wanted
    assert keys(store, "c/", start_after="c/1003") == wanted[1004:]
