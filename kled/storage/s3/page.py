"""One answer to ListObjectsV2, parsed once: what it says of itself, and its entries as told.

A tree of the whole answer costs twice the time of all else that is done with a listing. In answers
as S3 and MinIO write them the entries are a run of plain elements, which an expression reads as an
XML parser would; the parser then gets what is around them. Every other answer it gets whole.
"""

import re
from typing import Final, NamedTuple, TypeAlias
from xml.etree import ElementTree as ET

_ROOT: Final = "ListBucketResult"
_PLAIN: Final = r"[ -%'-;=?-~]*"
"""Text that means the same to everybody: what ASCII prints but `&`, `<` and `>`."""
_QUOTE: Final = "(?:&quot;|&#34;)"
_ENTRY: Final = re.compile(
    rf"<Contents><Key>({_PLAIN})</Key><LastModified>({_PLAIN})</LastModified>"
    rf"<ETag>{_QUOTE}({_PLAIN}){_QUOTE}</ETag>"
    rf"(?:<ChecksumAlgorithm>{_PLAIN}</ChecksumAlgorithm>)?"
    rf"(?:<ChecksumType>{_PLAIN}</ChecksumType>)?"
    rf"<Size>({_PLAIN})</Size>"
    rf"(?:<StorageClass>{_PLAIN}</StorageClass>)?</Contents>"
)
_STEP: Final = _ENTRY.groups + 1
_BEGINS: Final = ('<?xml version="1.0" encoding="UTF-8"?>', f"<{_ROOT}")
_REST: Final = re.compile(rf"(?:<(\w+)(?:/>|>{_PLAIN}</\1>))*</{_ROOT}>\s*")


Row: TypeAlias = tuple[str, str, str, str]
"""Key, time, tag and size of an entry, as they were told: the key may be encoded. Bare, since a
fleet has 100,000 of them."""


class Page(NamedTuple):
    """An answer's root, which need not have its entries any more, and those in their order."""

    root: ET.Element
    rows: list[Row]


def read(body: bytes) -> Page:
    """Parse an answer, be it a listing or not. Raises `ParseError` for what is no XML."""
    return _plain(body) or _any(body)


def _plain(body: bytes) -> Page | None:
    """Return the page where the entries may be taken out before the rest is parsed; else None.

    They may where they are a run of children of the root, one right after the other, and all there
    are: what comes after them are more children and the root's end, and what comes before them is
    well-formed with that. Comments and the like, which could hide them, are left to the parser.
    """
    try:
        before, *told = _ENTRY.split(body.decode("ascii"))
    except UnicodeDecodeError:
        return None
    if not told or any(told[_STEP - 1 : -1 : _STEP]):
        return None
    around = before + told[-1]
    if "Contents" in around or "<!" in before or not before.startswith(_BEGINS):
        return None
    if not _REST.fullmatch(told[-1]):
        return None
    try:
        root = _tree(around.encode())  # it declares no entities
    except ET.ParseError:
        return None
    keys, times, tags, sizes = (told[at::_STEP] for at in range(_STEP - 1))
    tags = [f'"{tag}"' for tag in tags]
    return Page(root, list(zip(keys, times, tags, sizes, strict=True)))


def _tree(body: bytes) -> ET.Element:
    """Parse XML. Raises `ParseError` for an encoding that Python lacks or cannot read, too."""
    try:
        return ET.fromstring(body)  # noqa: S314 - as whoever calls it says
    except (LookupError, ValueError) as error:
        raise ET.ParseError(str(error)) from error


def _any(body: bytes) -> Page:
    root = _tree(body)  # expat limits expansion
    space = root.tag[: root.tag.find("}") + 1]
    key, time, tag, size = (f"{space}{field}" for field in ("Key", "LastModified", "ETag", "Size"))
    rows = []
    for element in root.iter(f"{space}Contents"):
        tell = element.findtext
        rows.append((tell(key) or "", tell(time) or "", tell(tag) or "", tell(size) or ""))
    return Page(root, rows)
