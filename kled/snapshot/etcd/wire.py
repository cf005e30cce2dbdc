"""Reads protobuf messages of which only some fields are known. Pure.

What is damaged is no message; what is not known is kept, and nobody looks at it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

Message: TypeAlias = Mapping[int, Sequence[int | bytes]]
"""Field number to its values, in their order."""
_NUMBER, _LENGTH = 0, 2  # wire types
_FIXED: Final = {1: 8, 5: 4}  # wire type to bytes
_LONGEST_VARINT: Final = 10
_MORE: Final = 0x80
_MOST_FIELDS: Final = 100_000
"""Of one message; no object of Kubernetes has as many."""


def message(record: bytes) -> Message | None:
    """Return the fields of a message; None where `record` is none."""
    fields: dict[int, list[int | bytes]] = {}
    at, end, left = 0, len(record), _MOST_FIELDS
    while at < end:
        left -= 1
        tag, at = _varint(record, at)
        if tag < 1 or not left:
            return None
        value: int | bytes
        if tag & 7 == _NUMBER:
            value, at = _varint(record, at)
            if value < 0:
                return None
        else:
            size, at = _size(record, at, tag & 7)
            if size < 0 or at + size > end:
                return None
            value, at = record[at : at + size], at + size
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def number_path(outer: Message, *path: int) -> list[Message]:
    """Return every message that lies at the path of field numbers; damaged ones are left out."""
    level = [outer]
    for field in path:
        inner = (value for each in level for value in each.get(field, ()))
        parsed = (message(value) for value in inner if isinstance(value, bytes))
        level = [each for each in parsed if each is not None]
    return level


def text(outer: Message, field: int) -> str:
    """Return the text of a field, which wins where it is repeated; empty: it has none."""
    values = [value for value in outer.get(field, ()) if isinstance(value, bytes)]
    return values[-1].decode(errors="replace") if values else ""


def _size(record: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == _LENGTH:
        return _varint(record, at)
    return _FIXED.get(kind, -1), at


def _varint(record: bytes, at: int) -> tuple[int, int]:
    """Return a number and where it ends; -1 where it is cut or too long."""
    value = 0
    for place, byte in enumerate(record[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * place
        if byte < _MORE:
            return value, at + place + 1
    return -1, len(record)
