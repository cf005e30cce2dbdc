"""Pages that no bbolt writes, behind checksums and a digest that are right."""

import struct
from collections.abc import Callable

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.etcd import inspect
from kled.snapshot.etcd.bolt import Database, fnv1a
from kled.snapshot.etcd.revisions import parse
from tests.unit.snapshot.etcd.backups import PAGE, branch, database, edited, leaf, packed


def root() -> int:
    """The offset of the leaf page that names the buckets."""
    return Database(database()).meta.root * PAGE


def item(body: bytearray, page: int, number: int) -> int:
    """The offset of an item's header."""
    return page + 16 + number * 16


def inline_bucket(body: bytearray) -> int:
    """The offset of the header of a bucket without a page of its own."""
    (count,) = struct.unpack_from("<H", body, root() + 10)
    for number in range(count):
        at = item(body, root(), number)
        _, position, key_size, _ = struct.unpack_from("<IIII", body, at)
        value = at + position + key_size
        if struct.unpack_from("<Q", body, value) == (0,):
            return int(value)
    raise AssertionError("no inline bucket")


def number_of_key_bucket(body: bytearray) -> int:
    (count,) = struct.unpack_from("<H", body, root() + 10)
    for number in range(count):
        at = item(body, root(), number)
        _, position, key_size, _ = struct.unpack_from("<IIII", body, at)
        if body[at + position : at + position + key_size] == b"key":
            return number
    raise AssertionError("no bucket key")


def plain_item_among_buckets(body: bytearray) -> None:
    struct.pack_into("<I", body, item(body, root(), 0), 0)


def bucket_among_revisions(body: bytearray) -> None:
    struct.pack_into("<I", body, item(body, leaf(), 0), 1)


def branch_of_nothing(body: bytearray) -> None:
    struct.pack_into("<H", body, branch() + 10, 0)


def more_items_than_fit(body: bytearray) -> None:
    struct.pack_into("<H", body, leaf() + 10, 0xFFFF)


def cut_bucket(body: bytearray) -> None:
    struct.pack_into("<I", body, item(body, root(), number_of_key_bucket(body)) + 12, 8)


def inline_bucket_of_branches(body: bytearray) -> None:
    struct.pack_into("<H", body, inline_bucket(body) + 16 + 8, 1)


def inline_bucket_of_nothing(body: bytearray) -> None:
    at = item(body, root(), number_of_key_bucket(body))
    _, position, key_size, _ = struct.unpack_from("<IIII", body, at)
    struct.pack_into("<Q", body, at + position + key_size, 0)


def keys_out_of_order(body: bytearray) -> None:
    at = item(body, leaf(), 1)
    _, position, _, _ = struct.unpack_from("<IIII", body, at)
    body[at + position : at + position + 17] = bytes(17)


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (plain_item_among_buckets, "other than buckets"),
        (bucket_among_revisions, "holds another one"),
        (branch_of_nothing, "has no items"),
        (more_items_than_fit, "fewer items than it counts"),
        (cut_bucket, "header of a bucket is cut"),
        (inline_bucket_of_branches, "not a leaf page"),
        (inline_bucket_of_nothing, "a page is cut"),
        (keys_out_of_order, "out of order"),
    ],
)
def test_a_forged_page_is_refused_by_name(forge: Callable[[bytearray], None], words: str) -> None:
    with pytest.raises(SnapshotNotTrustworthy, match=words):
        inspect([edited(forge)])


@pytest.mark.parametrize("deep", [3, 100, 5000])
def test_a_tree_may_be_as_deep_as_bolt_makes_it_and_no_deeper(deep: int) -> None:
    pages = [meta(deep + 3)]
    pages += [page(number, 1, struct.pack("<IIQ", 16, 0, number + 1)) for number in range(1, deep)]
    pages += [page(deep, 2, b"", count=0), bytes(PAGE), bytes(PAGE)]
    body = b"".join(pages)

    with pytest.raises(SnapshotNotTrustworthy) as caught:
        inspect([packed(body)])

    expected = "no bucket `key`" if deep < 64 else "too deep"
    assert expected in caught.value.message


def meta(pages: int) -> bytes:
    """The first page of a database whose root bucket is page 2."""
    fields = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, 2, 0, 2**64 - 1, pages, 1)
    body = struct.pack("<QHHI", 0, 4, 0, 0) + fields + struct.pack("<Q", fnv1a(fields))
    return body.ljust(PAGE, b"\0")


def page(number: int, flags: int, items: bytes, count: int = 1) -> bytes:
    return (struct.pack("<QHHI", number, flags, count, 0) + items).ljust(PAGE, b"\0")


NAME = bytes(7) + b"\x05_" + bytes(8)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (b"", b""),
        (NAME[:-1], b"\x0a\x01k\x18\x05"),
        (NAME + b"x", b"\x0a\x01k\x18\x05"),
        (NAME.replace(b"_", b"-"), b"\x0a\x01k\x18\x05"),
        (NAME, b""),
        (NAME, b"\x18\x05"),
        (NAME, b"\x0a\x00\x18\x05"),
        (NAME, b"\x08\x01\x18\x05"),
        (NAME, b"\x0a\x01k"),
        (NAME, b"\x0a\x01k\x18\x06"),
        (NAME, b"\x0a\x01k\x18\x05\x28\x01"),
        (NAME, b"\x0a\x01k\x18"),
        (NAME, b"\x0a\x7fk"),
        (NAME, b"\x0b\x01k\x18\x05"),
        (NAME, b"\xff" * 11),
        (NAME, b"\x0a\x01k\x18\x05\x79\x00"),
    ],
)
def test_a_record_that_etcd_does_not_write_is_refused(name: bytes, record: bytes) -> None:
    with pytest.raises(SnapshotNotTrustworthy):
        parse(name, record)


def test_fields_that_a_later_etcd_may_add_are_passed_over() -> None:
    more = b"\x79" + bytes(8) + b"\x7d" + bytes(4) + b"\x82\x01\x01x"

    found = parse(NAME, b"\x0a\x01k\x18\x05\x2a\x01v" + more)

    assert (found.main, found.key, found.value) == (5, b"k", b"v")
    assert parse(NAME + b"t", b"\x0a\x01k").value is None
