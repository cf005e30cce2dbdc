"""Recorded etcd backups, and ways to damage them behind a digest that is right again."""

import gzip
import hashlib
import json
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from kled.snapshot.etcd.bolt import Database

CAPTURES = Path(__file__).parents[3] / "captures" / "etcd"
NAMES = ("etcd-3.6", "etcd-3.5", "etcd-3.4-clear-secrets")
PAGE = 4096


@cache
def backup(name: str = "etcd-3.6") -> bytes:
    return (CAPTURES / f"{name}.gz").read_bytes()


@cache
def database(name: str = "etcd-3.6") -> bytes:
    return gzip.decompress(backup(name))[:-32]


def facts(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CAPTURES / f"{name}.json").read_text())
    return found


def packed(body: bytes) -> bytes:
    """A backup around `body`, whose digest does not tell that it was damaged."""
    return gzip.compress(body + hashlib.sha256(body).digest(), 1, mtime=0)


def edited(change: Callable[[bytearray], None]) -> bytes:
    body = bytearray(database())
    change(body)
    return packed(bytes(body))


def flags(body: bytes | bytearray, page: int) -> int:
    return int(struct.unpack_from("<QHHI", body, page * PAGE)[1])


@cache
def branch() -> int:
    """The offset of the branch page at the root of the bucket `key`."""
    root = Database(database()).buckets()[b"key"].root
    assert flags(database(), root) == 1
    return root * PAGE


@cache
def leaf() -> int:
    """The offset of the first leaf page below it."""
    (child,) = struct.unpack_from("<Q", database(), branch() + 16 + 8)
    assert flags(database(), child) == 2
    return int(child) * PAGE


def in_pieces(body: bytes, size: int = 1000) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]
