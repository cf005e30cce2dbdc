"""What a text says to machines: as it stands, and in what is encoded in it. Pure.

User data, hooks and files carry programs in base64, often compressed, wrapped in lines, and within
each other. Every run of base64's letters is taken for some, from each of its first four letters:
what was none reads as noise, in which nobody's region stands.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_LARGEST: Final = 256 << 10
"""Bytes of one decompressed part: user data has at most 16 KiB."""
_DEPTH: Final = 4
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_LINES: Final = re.compile(r"(?:^[ \t]*[A-Za-z0-9+/_-]{4,}={0,2}[ \t]*\r?\n?){2,}", re.MULTILINE)
_BLANKS: Final = re.compile(r"[\s=]+")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_COMPRESSED: Final = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_AUTOMATIC: Final = 47
"""Has zlib tell its own header from gzip's."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A text, and whether it stood encoded in another."""

    text: str
    encoded: bool = False
    whole: bool = True
    """False where more of it is left than anybody looks at."""


def layers(text: str, depth: int = 0) -> Iterator[Layer]:
    """Yield the text, and each text that is encoded in it, to four levels."""
    yield Layer(text, encoded=depth > 0)
    if "%" in text and (plain := unquote(text, encoding="latin-1")) != text:
        yield Layer(plain, encoded=True)
    if depth == _DEPTH:
        return
    for run in _runs(text):
        for data in _decoded(run):
            content, whole = _decompressed(data)
            if whole:
                yield from layers(content.decode("latin-1"), depth + 1)
            else:
                yield Layer("", encoded=True, whole=False)


def _runs(text: str) -> Iterator[str]:
    for match in _LINES.finditer(text):
        yield _BLANKS.sub("", match[0])
    yield from (match[0] for match in _RUN.finditer(text))


def _decoded(run: str) -> Iterator[bytes]:
    plain = run.translate(_URL_SAFE)
    for start in range(4):
        part = plain[start:]
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        try:
            yield base64.b64decode(part + "=" * (-len(part) % 4), validate=True)
        except binascii.Error:
            continue


def _decompressed(data: bytes) -> tuple[bytes, bool]:
    """Return what is compressed, and whether that is all of it; other data as it is."""
    if not data.startswith(_COMPRESSED):
        return data, True
    reader = zlib.decompressobj(_AUTOMATIC)
    try:
        content = reader.decompress(data, _LARGEST)
    except zlib.error:
        return data, True
    return content, not reader.unconsumed_tail
