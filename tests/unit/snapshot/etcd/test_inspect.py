import gzip
import os
import struct
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import DiskUnusable, SnapshotNotTrustworthy
from kled.snapshot.etcd import EtcdContents, inspect
from kled.snapshot.etcd.bolt import Database
from kled.snapshot.etcd.contents import resource_of
from tests.unit.snapshot.etcd.backups import (
    NAMES,
    PAGE,
    backup,
    branch,
    database,
    edited,
    facts,
    in_pieces,
    leaf,
    packed,
)

RIGHT = inspect([backup()])


def refused(body: bytes) -> str:
    with pytest.raises(SnapshotNotTrustworthy) as caught:
        inspect(in_pieces(body))
    return caught.value.message


@pytest.mark.parametrize("name", NAMES)
def test_a_backup_holds_what_etcd_itself_says_that_it_holds(name: str) -> None:
    said = facts(name)
    live: Counter[str] = Counter()
    for prefix, count in said["live"].items():
        live[resource_of(f"{prefix}/object".encode())] += count

    found = inspect(in_pieces(backup(name)))

    assert found.newest_revision == said["status"]["revision"]
    assert found.size == said["status"]["totalSize"]
    assert dict(found.resources) == live
    assert found.keys == sum(said["live"].values())
    items = sum(bucket.items for bucket in Database(database(name)).buckets().values())
    assert items == said["status"]["totalKey"]


@pytest.mark.parametrize(
    ("key", "resource"),
    [
        ("/registry/pods/default/web-1", "pods"),
        ("/registry/namespaces/default", "namespaces"),
        ("/registry/minions/i-0123", "nodes"),
        ("/registry/services/specs/default/kubernetes", "services"),
        ("/registry/services/endpoints/default/kubernetes", "endpoints"),
        ("/registry/apiextensions.k8s.io/customresourcedefinitions/a.b.io", None),
        ("/registry/cilium.io/ciliumnodes/i-0123", "ciliumnodes.cilium.io"),
        ("/registry/ranges/serviceips", "ranges"),
        ("/registry/health", "(registry)"),
        ("cilium/state/identities/v1/id/1", "(cilium)"),
        ("compact_rev_key", "(compact_rev_key)"),
        ("", "()"),
    ],
)
def test_a_key_is_of_the_resource_that_kubectl_would_name(key: str, resource: str | None) -> None:
    assert resource_of(key.encode()) == (
        resource or "customresourcedefinitions.apiextensions.k8s.io"
    )


def test_secrets_in_clear_break_the_promise_of_an_encryptionconfig() -> None:
    clear = inspect([backup("etcd-3.4-clear-secrets")])

    RIGHT.require_encrypted_secrets()
    assert (clear.clear_secrets, clear.secrets) == (6, 34)
    with pytest.raises(SnapshotNotTrustworthy, match=r"6 of 34 Secrets are stored in clear"):
        clear.require_encrypted_secrets()


@pytest.mark.parametrize("at_once", [1, 7, 50, 620, 621, 622])
def test_many_passes_count_what_one_pass_counts(at_once: int) -> None:
    assert inspect([backup()], keys_at_once=at_once) == RIGHT


def test_what_is_said_of_a_backup_holds_no_value_and_no_object_name() -> None:
    words = str(inspect([backup("etcd-3.4-clear-secrets")]).as_json())

    assert "object-" not in words
    assert "k8s:enc" not in words


def test_no_unpacked_byte_is_left_on_the_disk(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def chunks() -> list[bytes]:
        return [backup()]

    def watched() -> object:
        for chunk in chunks():
            yield chunk
            seen.append(os.listdir(tmp_path))  # noqa: PTH208

    inspect(watched(), directory=tmp_path)  # type: ignore[arg-type]
    refused(packed(b"\0" * 512))

    assert seen == [[]]
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_hold_the_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskUnusable, match="cannot keep a part of the snapshot") as caught:
        inspect([backup()], directory=tmp_path / "absent")

    assert "TMPDIR" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "are no database and its SHA-256"),
        (b"no gzip at all", "damaged inside its gzip"),
        (gzip.compress(b"", mtime=0), "are no database and its SHA-256"),
        (gzip.compress(bytes(32), mtime=0), "are no database and its SHA-256"),
        (gzip.compress(database(), mtime=0), "are no database and its SHA-256"),
        (gzip.compress(database() + bytes(32), mtime=0), "does not have the SHA-256"),
        (backup()[:-9], "cut inside its gzip"),
        (backup() + b"more", "damaged inside its gzip"),
        (packed(database()[: 8 * PAGE]), "it is cut"),
        (packed(bytes(4 * PAGE)), "no meta page"),
    ],
)
def test_bytes_that_are_no_backup_are_refused_by_name(body: bytes, words: str) -> None:
    assert words in refused(body)


def test_a_bomb_ends_at_the_limit() -> None:
    bomb = gzip.compress(bytes(40 << 20))

    with pytest.raises(SnapshotNotTrustworthy, match="unpacks to more than"):
        inspect([bomb], limit=1 << 20)


def test_gzip_of_several_members_is_one_stream() -> None:
    whole = gzip.decompress(backup())

    assert inspect([gzip.compress(whole[:5000]), gzip.compress(whole[5000:])]) == RIGHT


def test_one_good_meta_page_is_enough_as_it_is_for_etcd() -> None:
    def first_gone(body: bytearray) -> None:
        body[0:PAGE] = bytes(PAGE)

    def both_gone(body: bytearray) -> None:
        body[16] ^= 1
        body[PAGE + 16 + 40] ^= 1  # a field that the checksum covers

    found = inspect([edited(first_gone)])

    assert found.resources == RIGHT.resources
    assert "no meta page" in refused(edited(both_gone))


def test_pages_that_point_at_themselves_end_the_walk() -> None:
    def loop(body: bytearray) -> None:
        struct.pack_into("<Q", body, branch() + 16 + 8, branch() // PAGE)

    assert "used twice" in refused(edited(loop))


def test_a_page_that_two_parents_share_is_refused() -> None:
    def share(body: bytearray) -> None:
        struct.pack_into("<Q", body, branch() + 16 + 16 + 8, leaf() // PAGE)

    assert "used twice" in refused(edited(share))


def test_a_page_beyond_the_end_is_not_read() -> None:
    def beyond(body: bytearray) -> None:
        struct.pack_into("<Q", body, branch() + 16 + 8, 1 << 60)

    assert "points at page" in refused(edited(beyond))


@pytest.mark.parametrize("value", [0xFFFFFFFF, 100_000])
def test_a_page_that_claims_an_endless_overflow_is_not_read(value: int) -> None:
    def endless(body: bytearray) -> None:
        struct.pack_into("<I", body, branch() + 12, value)

    assert "runs on for" in refused(edited(endless))


def test_items_that_overlap_are_refused() -> None:
    def overlap(body: bytearray) -> None:
        (position,) = struct.unpack_from("<I", body, leaf() + 16 + 4)
        struct.pack_into("<I", body, leaf() + 16 + 16 + 4, position - 16)

    assert "outside of its place" in refused(edited(overlap))


def test_a_revision_that_carries_another_number_is_refused() -> None:
    def renumbered(body: bytearray) -> None:
        (position,) = struct.unpack_from("<I", body, leaf() + 16 + 4)
        body[leaf() + 16 + position + 7] -= 1  # the last byte of its number

    assert "says that it is revision" in refused(edited(renumbered))


def test_a_database_without_keys_is_no_etcd() -> None:
    def rename(body: bytearray) -> None:
        root = Database(database()).meta.root * PAGE
        at = body.index(b"key", root, root + PAGE)
        body[at : at + 3] = b"kez"

    assert "no bucket `key`" in refused(edited(rename))


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(backup()) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found_or_changes_nothing(at: int, bit: int) -> None:
    body = bytearray(backup())
    body[at] ^= 1 << bit

    assert _found(bytes(body)) in (None, RIGHT)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, len(backup()) - 1))
def test_a_cut_backup_is_found(size: int) -> None:
    assert _found(backup()[:size]) is None


@settings(max_examples=250, deadline=None)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(database()) // PAGE - 1),
            st.one_of(st.integers(0, 200), st.integers(0, PAGE - 8)),
            st.binary(min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_a_forger_writes_the_reader_ends_with_an_answer(
    edits: list[tuple[int, int, bytes]],
) -> None:
    def forge(body: bytearray) -> None:
        for page, offset, written in edits:
            at = page * PAGE + offset
            body[at : at + len(written)] = written

    found = _found(edited(forge))

    assert found is None or found.keys <= found.revisions


def _found(body: bytes) -> EtcdContents | None:
    try:
        return inspect(in_pieces(body))
    except SnapshotNotTrustworthy:
        return None
