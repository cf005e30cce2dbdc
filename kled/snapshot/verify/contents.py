"""Reading what a snapshot holds: only bytes that the manifest vouches for are handed out.

Archives of a few MiB, as clusters have, stay in memory; larger ones, and blobs, are unpacked into
nameless files (0600), which disappear when they are closed or the process dies.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

from kled.errors import (
    DocumentDamaged,
    InvalidInput,
    ObjectMissing,
    SnapshotNotTrustworthy,
    StoreDenied,
)
from kled.snapshot.create import archive
from kled.snapshot.create.spool import Bytes, FileBytes, Sink, open_nameless, write
from kled.snapshot.documents.manifest import LARGEST_PACKED, Manifest, ObjectRecord, Payload
from kled.snapshot.repository import SnapshotStore

_CHUNK: Final = 1 << 20
_HELD: Final = 8 << 20
"""Bytes of an archive that stays in memory."""


def packed_archive(snapshots: SnapshotStore, manifest: Manifest) -> Bytes:
    """Return the archive, decrypted and still compressed, proved by the manifest's digests.

    One request, bounded memory. Raises `SnapshotNotTrustworthy` where the archive is gone, damaged
    or replaced, and `InvalidInput` where it is encrypted and no identity is configured.
    """
    payload, what = manifest.archive, f"the archive of {manifest.cluster} {manifest.id}"
    if payload.stored_size > LARGEST_PACKED:
        raise SnapshotNotTrustworthy(f"{what} claims {payload.stored_size} bytes")
    if max(payload.stored_size, payload.size) > _HELD:
        return FileBytes(blob_file(snapshots, payload, what=what))
    stored = b"".join(_read_stored(snapshots, payload, what))
    packed = snapshots.opener.open(stored, what) if payload.encrypted else stored
    if len(packed) != payload.size or hashlib.sha256(packed).hexdigest() != payload.sha256:
        raise SnapshotNotTrustworthy(f"{what} does not hold what its manifest says")
    return packed


def require_stored(snapshots: SnapshotStore, payload: Payload, what: str) -> None:
    """Raise `SnapshotNotTrustworthy` unless the stored bytes have the manifest's digest.

    One request, bounded memory; works without an identity.
    """
    for _ in _read_stored(snapshots, payload, what):
        pass


def archived_objects(manifest: Manifest, packed: Bytes) -> Iterator[tuple[ObjectRecord, bytes]]:
    """Yield each object of the archive with its record, in order, each proved before.

    Raises `SnapshotNotTrustworthy` at the first that differs; reading to the end proves all.
    """
    what = f"the archive of {manifest.cluster} {manifest.id}"
    records = manifest.archived
    unpacked = archive.unpack(packed, ((record.key, record.size) for record in records), what)
    for record, (_, body) in zip(records, unpacked, strict=True):  # to the very end of both
        if hashlib.sha256(body).hexdigest() != record.sha256:
            raise SnapshotNotTrustworthy(f"{what} holds {record.key} with another content")
        yield record, body


def readable_objects(snapshots: SnapshotStore, manifest: Manifest) -> dict[str, bytes]:
    """Return the bodies of the archive by relative key; none where it cannot be had or opened.

    For those who ask what was there before: what no identity opens tells nothing.
    """
    try:
        packed = packed_archive(snapshots, manifest)
        return {record.key: body for record, body in archived_objects(manifest, packed)}
    except (InvalidInput, SnapshotNotTrustworthy, StoreDenied):
        return {}


def blob_file(
    snapshots: SnapshotStore,
    payload: Payload,
    *,
    directory: Path | None = None,
    what: str = "",
) -> IO[bytes]:
    """Return a nameless file with the blob's plaintext, proved; the caller closes it.

    One request, bounded memory. The file is in `directory`, or where temporary files go. Raises as
    `packed_archive` does, and `DiskUnusable` where there is no room. `what` names the blob in
    errors.
    """
    what = what or f"blob {payload.sha256[:12]}"
    plain = open_nameless(directory)
    try:
        if payload.encrypted:
            with open_nameless(directory) as sealed:
                _fill(sealed, _read_stored(snapshots, payload, what))
                snapshots.opener.open_stream(sealed, cast("IO[bytes]", Sink(plain)), what)
        else:
            _fill(plain, _read_stored(snapshots, payload, what))
        _require_digest(plain, payload, what)
    except BaseException:
        plain.close()
        raise
    return plain


def _read_stored(snapshots: SnapshotStore, payload: Payload, what: str) -> Iterator[bytes]:
    """Yield the stored bytes; raise at the end where they differ from the manifest's digest."""
    total, digest = 0, hashlib.sha256()
    try:
        with snapshots.store.read(payload.key) as reading:
            for chunk in reading.chunks():
                total += len(chunk)
                if total > payload.stored_size:
                    break
                digest.update(chunk)
                yield chunk
    except ObjectMissing:
        raise SnapshotNotTrustworthy(
            f"{what} is gone: there is no {payload.key} in {snapshots.url}",
            hint="take another one (kled snapshot list); does the bucket have a lifecycle rule?",
        ) from None
    except DocumentDamaged as error:  # a link, or the like, in a directory
        raise SnapshotNotTrustworthy(f"{what}: {error.message}", hint=error.hint) from error
    if total != payload.stored_size or digest.hexdigest() != payload.stored_sha256:
        raise SnapshotNotTrustworthy(f"{what} is damaged: it does not have the manifest's digest")


def _fill(file: IO[bytes], chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        write(file, chunk)
    file.seek(0)


def _require_digest(file: IO[bytes], payload: Payload, what: str) -> None:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    if (size, digest.hexdigest()) != (payload.size, payload.sha256):
        raise SnapshotNotTrustworthy(f"{what} does not hold what its manifest says")
