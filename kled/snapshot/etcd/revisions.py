"""What etcd keeps in its bucket `key`: one item per change of a key, in the order of revisions.

The bolt key is the revision, 8 bytes `main`, `_`, 8 bytes `sub`, both big-endian, and a `t` where
the change is a deletion. The value is a mvccpb.KeyValue: key = 1, create_revision = 2,
mod_revision = 3, version = 4, value = 5, lease = 6.
Source: go.etcd.io/etcd, api/mvccpb/kv.proto and server/storage/mvcc/revision.go.
"""

from dataclasses import dataclass
from typing import Final, NoReturn

from kled.errors import SnapshotNotTrustworthy

_SIZE: Final = 17
_TOMBSTONE: Final = b"t"
_KEY, _MOD_REVISION, _VALUE = 1, 3, 5  # field numbers
_NUMBER, _LENGTH = 0, 2  # wire types
_FIXED: Final = {1: 8, 5: 4}  # wire type to bytes
_LONGEST_VARINT: Final = 10
_MORE: Final = 0x80


@dataclass(frozen=True, slots=True)
class Revision:
    """One change: `value` is what `key` was set to, None where it was deleted."""

    main: int
    key: bytes
    value: bytes | None


def parse(name: bytes, record: bytes) -> Revision:
    """Read one item of the bucket; raise `SnapshotNotTrustworthy` where etcd writes no such item.

    A change that does not carry the revision under which it stands is refused, too.
    """
    if name[8:9] != b"_" or name[_SIZE:] not in (b"", _TOMBSTONE) or len(name) < _SIZE:
        _refuse("an item is not named by a revision")
    main, deleted = int.from_bytes(name[:8], "big"), len(name) > _SIZE
    fields = _fields(record)
    key, value, modified = fields.get(_KEY), fields.get(_VALUE, b""), fields.get(_MOD_REVISION)
    if not isinstance(key, bytes) or not key or not isinstance(value, bytes):
        _refuse(f"revision {main} has no key")
    if not deleted and modified != main:
        _refuse(f"revision {main} says that it is revision {modified!r}")
    return Revision(main, key, None if deleted else value)


def _fields(record: bytes) -> dict[int, int | bytes]:
    """Decode a protobuf message of numbers and bytes; the last of repeated fields counts."""
    fields: dict[int, int | bytes] = {}
    at, end = 0, len(record)
    while at < end:
        tag, at = _varint(record, at)
        field, kind = tag >> 3, tag & 7
        if kind == _NUMBER:
            fields[field], at = _varint(record, at)
            continue
        size, at = _varint(record, at) if kind == _LENGTH else (_FIXED.get(kind, end), at)
        if at + size > end:
            _refuse("a record is cut, or has a field that etcd does not write")
        fields[field] = record[at : at + size]
        at += size
    return fields


def _varint(record: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    try:
        while (byte := record[at]) >= _MORE:  # most numbers are one byte
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if shift == 7 * _LONGEST_VARINT:
                _refuse("a number of a record is longer than etcd writes")
    except IndexError:
        _refuse("a record is cut inside a number")
    return value | byte << shift, at + 1


def _refuse(damage: str) -> NoReturn:
    raise SnapshotNotTrustworthy(f"the etcd database is damaged: {damage}")
