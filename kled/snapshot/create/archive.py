"""The archive of a snapshot: a PAX tar, compressed with zstd, the same bytes for the same objects.

Members are sorted by the bytes of their keys, with owner 0/0, mode 0600 and time 0. Reading trusts
nothing: it accepts only plain files, in order, with the expected names and sizes, and nothing after
them. It avoids the reader of `tarfile`, which follows whatever a header asks for.
"""

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.create.spool import Bytes
from kled.snapshot.verify.tar_reading import TarDamaged, read_members

_LEVEL: Final = 3  # 658 MB/s at 8.7x; level 9 gains a tenth for five times the work (facts §4)
_PIECE: Final = 256
"""Bytes that are unpacked at once: four of them may stand for 128 KiB of zeros."""
_HEADER: Final = 18  # bytes of a frame's header at most
_WINDOW: Final = 1 << 23  # ours ask for 2 MiB; whatever a frame asks for, no more memory than this
_BLOCK: Final = 512
_HEADERS: Final = 4 * _BLOCK  # a member's header, and a PAX one for a name that needs it
_RECORD: Final = 20 * _BLOCK  # what a tar is padded to


def pack(objects: Mapping[str, bytes]) -> bytes:
    """Return the compressed tar of objects by key."""
    import zstandard  # noqa: PLC0415 - native, and only for snapshots

    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for key in sorted(objects, key=str.encode):
            tar.addfile(_member(key, len(objects[key])), io.BytesIO(objects[key]))
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(plain.getbuffer())


def unpack(
    packed: Bytes, expected: Iterable[tuple[str, int]], what: str
) -> Iterator[tuple[str, bytes]]:
    """Yield key and body of each object, in order.

    `expected` are the keys and sizes that the manifest names, in the archive's order; anything
    else raises `SnapshotNotTrustworthy`. They also bound the memory, which is one object and the
    frame's window: a bomb is refused before it grows beyond what its manifest allows. Reading to
    the end proves that the archive is complete and holds nothing else.
    """
    wanted = tuple(expected)
    position = 0

    def require(name: str, size: int) -> None:
        _require(name, size, wanted[position : position + 1], what)

    try:
        for name, body in read_members(_Frame(packed, _most(wanted), what).read, require):
            position += 1
            yield name, body
    except TarDamaged as error:
        raise SnapshotNotTrustworthy(f"{what} cannot be unpacked: {error}") from error
    if position < len(wanted):
        raise SnapshotNotTrustworthy(f"{what} ends before {wanted[position][0]!r:.200}")


def _most(wanted: Sequence[tuple[str, int]]) -> int:
    """Return how many bytes the tar of these objects has at most."""
    return _RECORD + sum(size + _HEADERS + _BLOCK + 2 * len(key.encode()) for key, size in wanted)


class _Frame:
    """The bytes of one zstd frame, unpacked as far as they are read."""

    def __init__(self, packed: Bytes, most: int, what: str) -> None:
        """Refuses a frame that holds, or claims to hold, more than `most` bytes."""
        import zstandard  # noqa: PLC0415 - native, and only for snapshots

        self._packed, self._at, self._most, self._what = packed, 0, most, what
        self._held = bytearray()
        self._damage = zstandard.ZstdError
        try:
            if zstandard.frame_content_size(packed[:_HEADER]) > most:
                raise self._too_large()
            unpacking = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        except zstandard.ZstdError as error:
            raise self._damaged(str(error)) from error
        self._unpacking = unpacking.decompressobj()

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only where the frame ends."""
        while len(self._held) < size and self._more():
            pass
        body = bytes(self._held[:size])
        del self._held[:size]
        return body

    def _more(self) -> bool:
        """Unpack another piece; return False at the end of the frame."""
        if self._unpacking.eof:
            if self._unpacking.unused_data or self._at < len(self._packed):
                raise self._damaged("something stands behind it")
            return False
        piece = self._packed[self._at : self._at + _PIECE]
        if not piece:
            raise self._damaged("it is cut")
        self._at += len(piece)
        try:
            plain = self._unpacking.decompress(piece)
        except self._damage as error:
            raise self._damaged(str(error)) from error
        self._most -= len(plain)
        if self._most < 0:
            raise self._too_large()
        self._held += plain
        return True

    def _damaged(self, why: str) -> SnapshotNotTrustworthy:
        return SnapshotNotTrustworthy(f"{self._what} cannot be unpacked: {why}")

    def _too_large(self) -> SnapshotNotTrustworthy:
        return SnapshotNotTrustworthy(f"{self._what} is larger than its manifest says")


def _member(key: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(key)
    member.size, member.mode, member.mtime = size, 0o600, 0
    member.uid = member.gid = 0
    return member


def _require(name: str, size: int, wanted: Sequence[tuple[str, int]], what: str) -> None:
    if not wanted or name != wanted[0][0]:
        raise SnapshotNotTrustworthy(
            f"{what} holds {name!r:.200}, which its manifest does not name there"
        )
    if size != wanted[0][1]:
        raise SnapshotNotTrustworthy(f"{what} holds {name!r:.200} in another size than expected")
