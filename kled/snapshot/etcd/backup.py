"""The envelope of an etcd backup: gzip around a bbolt file and its SHA-256.

etcd's Maintenance.Snapshot sends the database file, which is a multiple of 512 bytes, and then the
32 bytes of its SHA-256; etcd-manager compresses both and stores no digest of its own.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.create.spool import FileBytes, open_nameless, write

LARGEST: Final = 16 << 30
"""Bytes of an unpacked database that are read at most; etcd itself warns above 8 GiB."""
_DIGEST: Final = 32
_SECTOR: Final = 512
_PIECE: Final = 1 << 20  # bytes that are unpacked at once
_GZIP: Final = zlib.MAX_WBITS | 16


@contextmanager
def open_backup(
    chunks: Iterable[bytes], *, directory: Path | None = None, limit: int = LARGEST
) -> Iterator[FileBytes]:
    """Give the database inside the backup that `chunks` are, its digest proved.

    The unpacked bytes hold a cluster's Secrets: they stand in a file without a name (0600) in
    `directory`, or where temporary files go, and are gone at the end, or when the process dies.
    Memory does not grow with the backup. Raises `SnapshotNotTrustworthy` where the gzip is damaged
    or breaks off, more than `limit` bytes come out of it, or the digest is another one, and
    `DiskUnusable` where there is no room.
    """
    with open_nameless(directory) as file:
        for piece in _database(chunks, limit):
            write(file, piece)
        yield FileBytes(file)


def find_trouble(chunks: Iterable[bytes], *, limit: int = LARGEST) -> str | None:
    """Return why a backup, given as `chunks`, is damaged; None where its gzip and digest hold.

    Memory does not grow with the backup, nothing is written, and its content is not examined.
    """
    try:
        for _ in _database(chunks, limit):
            pass
    except SnapshotNotTrustworthy as error:
        return error.message
    return None


def _database(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield the unpacked database; raise at the end where it does not have the digest after it."""
    digest, held, size = hashlib.sha256(), b"", 0
    for piece in _unpack(chunks):
        size += len(piece)
        if size > limit:
            raise SnapshotNotTrustworthy(
                f"the etcd backup unpacks to more than {limit} bytes, which no etcd has"
            )
        held += piece
        whole, held = held[:-_DIGEST], held[-_DIGEST:]
        digest.update(whole)
        yield whole
    if size <= _DIGEST or size % _SECTOR != _DIGEST:
        raise SnapshotNotTrustworthy(
            f"the etcd backup is cut: {size} bytes are no database and its SHA-256"
        )
    if digest.digest() != held:
        raise SnapshotNotTrustworthy("the etcd backup does not have the SHA-256 that it ends with")


def _unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Undo gzip, member after member, in pieces of bounded size."""
    member = None
    for chunk in chunks:
        rest = chunk
        while rest:
            member = member or zlib.decompressobj(_GZIP)
            try:
                yield member.decompress(rest, _PIECE)
            except zlib.error as error:
                raise SnapshotNotTrustworthy(
                    f"the etcd backup is damaged inside its gzip: {error}"
                ) from None
            rest = member.unused_data if member.eof else member.unconsumed_tail
            member = None if member.eof else member
    if member is not None:
        raise SnapshotNotTrustworthy("the etcd backup is cut inside its gzip")
