"""Reads bbolt, the file format of etcd's database, from bytes that may be damaged or forged.

Pages of one size are numbered from 0; a page with too much in it runs on into `overflow` more.
Pages 0 and 1 are metas: magic, version, page size, root bucket, high-water mark, FNV-1a checksum.
A bucket is a tree of branch and leaf pages, or one leaf page written into its parent (inline).
Integers are little-endian (bbolt writes those of the machine; etcd has no big-endian build).
Source: go.etcd.io/bbolt, internal/common/{page,meta,bucket,inode}.go.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.create.spool import Bytes

_MAGIC: Final = 0xED0CDAED
_VERSION: Final = 2
_BRANCH: Final = 0x01
_LEAF: Final = 0x02
_META: Final = 0x04
_IS_BUCKET: Final = 0x01
_PAGE: Final = struct.Struct("<QHHI")  # id, flags, count, overflow
_META_FIELDS: Final = struct.Struct("<IIIIQQQQQQ")
_BRANCH_ITEM: Final = struct.Struct("<IIQ")  # position, key size, page
_LEAF_ITEM: Final = struct.Struct("<IIII")  # flags, position, key size, value size
_BUCKET: Final = struct.Struct("<QQ")  # root page, sequence
_PAGE_SIZES: Final = tuple(1024 << power for power in range(7))  # 1 KiB to 64 KiB
_LONGEST_RUN: Final = 64 << 20  # bytes of one page with its overflow; etcd's values end at 10 MiB
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True)
class Meta:
    """What a meta page says about the database."""

    page_size: int
    root: int
    pages: int
    """High-water mark: every page has a smaller number."""
    transaction: int


@dataclass(frozen=True, slots=True)
class BoltBucket:
    """Where a bucket's items are: in the tree below page `root`, or in the bytes of `inline`."""

    root: int
    inline: bytes = b""
    items: int = 0
    """How many there are, once all of them were walked."""


_Item = tuple[bytes, int, bytes]  # key, flags, value


class Database:
    """A bbolt file; every way of reading raises `SnapshotNotTrustworthy` where it is damaged.

    No page is read twice in one walk, so that pages that point at each other end it. Memory is one
    page, or one value and what shares its page.
    """

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self.meta = _newest_meta(data)

    def buckets(self) -> dict[bytes, BoltBucket]:
        """Walk every page of every bucket, each page once, and return the buckets by name."""
        seen = self._nothing_seen()
        buckets = {}
        for name, flags, value in self._items(BoltBucket(self.meta.root), seen):
            if not flags & _IS_BUCKET:
                _refuse("its top level holds something other than buckets")
            buckets[name] = _bucket(value)
        return {name: self._counted(bucket, seen) for name, bucket in buckets.items()}

    def items(self, bucket: BoltBucket) -> Iterator[tuple[bytes, bytes]]:
        """Yield the keys and values of `bucket` in the order of the keys, which is checked."""
        for key, _, value in self._items(bucket, self._nothing_seen()):
            yield key, value

    def _counted(self, bucket: BoltBucket, seen: bytearray) -> BoltBucket:
        count = 0
        for _, flags, _ in self._items(bucket, seen):
            if flags & _IS_BUCKET:
                _refuse("a bucket holds another one, which etcd never writes")
            count += 1
        return replace(bucket, items=count)

    def _nothing_seen(self) -> bytearray:
        return bytearray(self.meta.pages // 8 + 1)

    def _items(self, bucket: BoltBucket, seen: bytearray) -> Iterator[_Item]:
        before: bytes | None = None
        leaves = self._leaves(bucket.root, seen) if bucket.root else [_Page(bucket.inline)]
        for page in leaves:
            for item in page.items():
                if before is not None and item[0] <= before:
                    _refuse("its keys are out of order")
                before = item[0]
                yield item

    def _leaves(self, root: int, seen: bytearray) -> Iterator["_Page"]:
        """Yield the leaf pages below page `root` from left to right."""
        stack = [iter([root])]
        while stack:
            number = next(stack[-1], None)
            if number is None:
                stack.pop()
                continue
            page = self._page(number, seen)
            if page.flags & _LEAF:
                yield page
            elif len(stack) < _DEEPEST:
                stack.append(page.children())
            else:
                _refuse("its tree of pages is too deep")

    def _page(self, number: int, seen: bytearray) -> "_Page":
        """Return the page with its overflow, once."""
        size, pages = self.meta.page_size, self.meta.pages
        if not 1 < number < pages:
            _refuse(f"it points at page {number} of {pages}")
        header = self._data[number * size : number * size + _PAGE.size]
        named, flags, _, overflow = _PAGE.unpack(header)
        if named != number or flags not in (_BRANCH, _LEAF):
            _refuse(f"page {number} is not a page of a bucket")
        if number + overflow >= pages or (overflow + 1) * size > _LONGEST_RUN:
            _refuse(f"page {number} runs on for {overflow} more pages")
        for at in range(number, number + overflow + 1):
            if seen[at >> 3] & 1 << (at & 7):
                _refuse(f"page {at} is used twice")
            seen[at >> 3] |= 1 << (at & 7)
        return _Page(self._data[number * size : (number + overflow + 1) * size])


class _Page:
    """A branch or leaf page as bytes; positions count from an item's own header."""

    def __init__(self, body: bytes) -> None:
        if len(body) < _PAGE.size:
            _refuse("a page is cut")
        self._body = body
        _, self.flags, self._count, _ = _PAGE.unpack_from(body)

    def children(self) -> Iterator[int]:
        """Yield the numbers of the pages below a branch page."""
        if not self._count:
            _refuse("a branch page has no items")
        for _, _, number in self._headers(_BRANCH_ITEM):
            yield number

    def items(self) -> Iterator[_Item]:
        """Yield key, flags and value of each item of a leaf page, none of which overlap."""
        if self.flags != _LEAF:
            _refuse("an inline bucket is not a leaf page")
        ends = 0
        for at, (flags, position, key_size, value_size) in enumerate(self._headers(_LEAF_ITEM)):
            start = _PAGE.size + at * _LEAF_ITEM.size + position
            middle, end = start + key_size, start + key_size + value_size
            if start < ends or end > len(self._body):
                _refuse("an item lies outside of its place in the page")
            yield self._body[start:middle], flags, self._body[middle:end]
            ends = end

    def _headers(self, item: struct.Struct) -> Iterator[tuple[int, ...]]:
        end = _PAGE.size + self._count * item.size
        if end > len(self._body):
            _refuse("a page holds fewer items than it counts")
        return item.iter_unpack(self._body[_PAGE.size : end])


def _bucket(value: bytes) -> BoltBucket:
    if len(value) < _BUCKET.size:
        _refuse("the header of a bucket is cut")
    root, _ = _BUCKET.unpack_from(value)
    return BoltBucket(root, b"" if root else value[_BUCKET.size :])


def _newest_meta(data: Bytes) -> Meta:
    """Return the valid meta of the later transaction, as bbolt does when it opens a file."""
    metas = [
        meta
        for at in (0, *_PAGE_SIZES)
        if (meta := _meta(data[at : at + _PAGE.size + _META_FIELDS.size]))
        and at in (0, meta.page_size)
    ]
    if not metas:
        _refuse("it has no meta page with a right magic, version and checksum")
    meta = max(metas, key=lambda meta: meta.transaction)
    if meta.pages * meta.page_size > len(data):
        _refuse(f"it is cut: {len(data)} bytes of {meta.pages * meta.page_size}")
    return meta


def _meta(body: bytes) -> Meta | None:
    if len(body) < _PAGE.size + _META_FIELDS.size or not _PAGE.unpack_from(body)[1] & _META:
        return None
    fields = _META_FIELDS.unpack_from(body, _PAGE.size)
    magic, version, page_size, _, root, _, _, pages, transaction, checksum = fields
    if (magic, version) != (_MAGIC, _VERSION) or page_size not in _PAGE_SIZES:
        return None
    if checksum != fnv1a(body[_PAGE.size : _PAGE.size + _META_FIELDS.size - 8]):
        return None
    return Meta(page_size, root, pages, transaction)


def fnv1a(body: bytes) -> int:
    """Return the 64-bit FNV-1a hash, which protects a meta page."""
    value = 0xCBF29CE484222325
    for byte in body:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def _refuse(damage: str) -> NoReturn:
    raise SnapshotNotTrustworthy(f"the etcd database is damaged: {damage}")
