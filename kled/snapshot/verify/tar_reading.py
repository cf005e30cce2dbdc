"""Reading a tar that anybody may have written; only plain files are accepted.

POSIX.1-2001: a header of 512 bytes, then the body, padded; a header of type `x` before it gives the
name where it is too long for the header or no ASCII. Whatever else a tar may hold (links, devices,
directories, sparse files, headers of other programs, a `x` before another `x`) is refused.
"""

import tarfile
from collections.abc import Callable, Iterator, Mapping
from typing import Final

_BLOCK: Final = 512
_LONGEST: Final = 64 << 10
"""Bytes of an extended header; ours holds a name."""
_FILES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
_KNOWN: Final = frozenset({"path", "size", "mtime", "uid", "gid", "uname", "gname"})
_PLAIN: Final = frozenset("0123456789")
_DIGITS: Final = 15
_END: Final = bytes(_BLOCK)

Read = Callable[[int], bytes]
"""Returns as many bytes as asked for, fewer only at the end."""


class TarDamaged(Exception):
    """The bytes are not such a tar; the message says why."""


def read_members(read: Read, require: Callable[[str, int], None]) -> Iterator[tuple[str, bytes]]:
    """Yield name and body of each member, in order.

    `require` is given name and size before a body is read, and raises where they are unexpected.
    Raises `TarDamaged` for any other bytes, also for bytes after the end of the tar. Memory is that
    of one body.
    """
    more: Mapping[str, str] | None = None
    while (block := read(_BLOCK)) and block != _END:
        header = _header(block)
        size = _size(header, more)
        if header.type == tarfile.XHDTYPE and more is None:
            more = _parse_extended(_body(read, header, size))
        elif header.type in _FILES:
            name = (more or {}).get("path", header.name)
            require(name, size)
            yield name, _body(read, header, size)
            more = None
        else:
            raise TarDamaged(f"{header.name!r:.200} is not a plain file")
    if more is not None:
        raise TarDamaged("it ends after an extended header")
    while rest := read(_LONGEST):
        if rest.count(0) < len(rest):
            raise TarDamaged("it goes on after its end")


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise TarDamaged(f"a header cannot be read: {error}") from error


def _size(header: tarfile.TarInfo, more: Mapping[str, str] | None) -> int:
    """Return the bytes of what follows the header."""
    size = header.size
    if more is not None and "size" in more and header.type in _FILES:
        size = _number(more["size"])
    if size < 0 or (header.type == tarfile.XHDTYPE and size > _LONGEST):
        raise TarDamaged(f"{header.name!r:.200} has an impossible size")
    return size


def _body(read: Read, header: tarfile.TarInfo, size: int) -> bytes:
    body = read(size)
    padding = -size % _BLOCK
    if len(body) < size or len(read(padding)) < padding:
        raise TarDamaged(f"it ends inside {header.name!r:.200}")
    return body


def _parse_extended(body: bytes) -> dict[str, str]:
    """Return the records of an extended header: `length keyword=value`, line by line."""
    records: dict[str, str] = {}
    while body:
        digits, _, _ = body[: _DIGITS + 1].partition(b" ")
        length = _number(digits.decode(errors="replace"))
        record, body = body[:length], body[length:]
        keyword, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        name = keyword.decode(errors="replace")
        if len(record) < length or record[-1:] != b"\n" or not equals or name not in _KNOWN:
            raise TarDamaged("an extended header cannot be read")
        try:
            records[name] = value.decode()
        except UnicodeDecodeError as error:
            raise TarDamaged("an extended header is not UTF-8") from error
    return records


def _number(text: str) -> int:
    if not text or len(text) > _DIGITS or not _PLAIN.issuperset(text):
        raise TarDamaged("an extended header holds a malformed number")
    return int(text)
