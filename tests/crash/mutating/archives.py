"""Archives and backups that are made to harm whoever unpacks them."""

import gzip
import hashlib
import io
import tarfile
from functools import cache
from typing import Any, Final

import zstandard

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_BLOCK: Final = 128 << 10
BOMBS: Final[dict[str, tuple[int, int]]] = {
    "10 GB": (80_000, 0x38),
    "240 MB": (1920, 0x38),
    "a window of 8 MiB": (1920, 0x68),
    "a window of 128 MiB": (1920, 0x88),
    "a window of 2 GiB": (80_000, 0xA8),
}
"""Blocks of zeros, and the byte that says how much a reader has to remember."""
ZEROS: Final = 60
_ZEROS: Final = 4 << 20
END: Final = b"\0" * 1024


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member.tobuf(tarfile.GNU_FORMAT)[:512]


def file(name: str, body: bytes) -> bytes:
    return header(name, len(body)) + body + b"\0" * (-len(body) % 512)


def packed(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(plain)


@cache
def zeros(blocks: int, window: int) -> bytes:
    """A zstd frame of blocks that say `128 KiB of zeros` in four bytes, and not how much it is."""
    block = (_BLOCK << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (_BLOCK << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return _MAGIC + b"\x00" + bytes([window]) + block * (blocks - 1) + last


@cache
def gzip_bomb() -> bytes:
    return gzip.compress(b"\0" * (48 << 20), 9, mtime=0)


def members(objects: dict[str, bytes]) -> dict[str, bytes]:
    """Archives that are not what was packed, by what is wrong with them."""
    names = sorted(objects, key=str.encode)
    first, rest = names[0], names[1:]
    whole = b"".join(file(one, objects[one]) for one in names)
    tail = b"".join(file(one, objects[one]) for one in rest)
    evil = {
        "absolute": file("/etc/passwd", b"x") + whole,
        "out": file("../../x", b"x") + whole,
        "link": header(first, 0, tarfile.SYMTYPE, "/etc/passwd") + tail,
        "hard link": header(first, 0, tarfile.LNKTYPE, names[-1]) + tail,
        "device": header(first, 0, tarfile.CHRTYPE) + tail,
        "pipe": header(first, 0, tarfile.FIFOTYPE) + tail,
        "directory": header(first, 0, tarfile.DIRTYPE) + tail,
        "twice": file(first, objects[first]) + whole,
        "one more": whole + file("zzz", b"x"),
        "one less": tail,
        "another order": b"".join(file(one, objects[one]) for one in reversed(names)),
        "too large": header(first, 1 << 40) + objects[first] + tail,
        "2^87": header(first, 1 << 87) + tail,
        "negative": header(first, -512) + whole,
        "long names": header("././@LongLink", 0, b"L") * 3000 + whole,
        "extended": header("x", 0, tarfile.XHDTYPE) * 3000 + whole,
        "extended 2^80": header("x", 1 << 80, tarfile.XHDTYPE) + whole,
        "global": header("g", 0, tarfile.XGLTYPE) + whole,
        "behind": whole + END + file("zzz", b"x"),
        "noise": b"\xff" * len(whole),
        "other bodies": b"".join(file(one, objects[one][::-1]) for one in names),
    }
    found = {how: packed(plain + END) for how, plain in evil.items()}
    found |= {how: zeros(*what) for how, what in BOMBS.items()}
    found |= {"two frames": packed(whole + END) * 2, "no frame": io.BytesIO(whole).getvalue()}
    return found


def payload(plain: bytes, stored: bytes) -> dict[str, Any]:
    """What a manifest says of bytes that it holds."""
    return {
        "sha256": hashlib.sha256(plain).hexdigest(),
        "size": len(plain),
        "stored_sha256": hashlib.sha256(stored).hexdigest(),
        "stored_size": len(stored),
    }


def heavy(objects: dict[str, bytes]) -> bytes:
    """The archive of these objects and of 240 MiB of zeros, as `declare` names them."""
    packing = zstandard.ZstdCompressor(level=1).compressobj()
    bodies = {**objects, **{_zeros_key(number): b"" for number in range(ZEROS)}}
    parts = []
    for key in sorted(bodies, key=str.encode):
        if key in objects:
            parts.append(packing.compress(file(key, objects[key])))
            continue
        parts.append(packing.compress(header(key, _ZEROS)))
        parts += [packing.compress(bytes(1 << 20)) for _ in range(_ZEROS >> 20)]
    return b"".join((*parts, packing.compress(END), packing.flush()))


def _zeros_key(number: int) -> str:
    return f"addons/zeros/{number:03d}"


def declare(objects: list[dict[str, Any]]) -> None:
    """Let a manifest name as much as an archive may hold, so that a bomb is what it says."""
    digest = hashlib.sha256(bytes(_ZEROS)).hexdigest()
    template = next(one for one in objects if one["key"].startswith("addons/"))
    for number in range(ZEROS):
        key = _zeros_key(number)
        objects.append({**template, "key": key, "size": _ZEROS, "sha256": digest})
    objects.sort(key=lambda one: one["key"].encode())
