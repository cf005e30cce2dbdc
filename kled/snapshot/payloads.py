"""Writing archives and blobs: sealed where there are recipients, and known by their digests.

Every write is new or refused, never over something. An archive belongs to its snapshot's own
directory, so nobody else writes there. A plain blob's key is its digest: one that exists already
is read back and hashed before a manifest vouches for it. A sealed blob's key holds the digest of
its own ciphertext. Killed anywhere, what is left is unreferenced, and prune collects it.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from kled.errors import PreconditionFailed, SnapshotNotTrustworthy
from kled.snapshot import names
from kled.snapshot.manifest import Payload
from kled.snapshot.repository import SnapshotStore
from kled.storage.base import ObjectStore

_CHUNK: Final = 1 << 20


def put_archive(
    snapshots: SnapshotStore,
    cluster: str,
    snapshot_id: str,
    packed: bytes,
    *,
    retain_until: datetime | None = None,
) -> Payload:
    """Write the archive of a new snapshot."""
    sealed = snapshots.sealer.seal(packed)
    encrypted = snapshots.sealer.encrypts
    key = names.archive_key(cluster, snapshot_id, encrypted=encrypted)
    snapshots.store.put_if_absent(key, sealed, retain_until=retain_until)
    return _payload(key, packed, sealed, encrypted=encrypted)


def put_blob(
    snapshots: SnapshotStore, body: bytes, *, retain_until: datetime | None = None
) -> Payload:
    """Write a small blob, or find it there."""
    sealed = snapshots.sealer.seal(body)
    encrypted = snapshots.sealer.encrypts
    digest = _sha256(body)
    key = names.blob_key(digest, sealed=_sha256(sealed) if encrypted else None)
    try:
        snapshots.store.put_if_absent(key, sealed, retain_until=retain_until)
    except PreconditionFailed:
        require_stored(snapshots.store, key, _sha256(sealed))
    return _payload(key, body, sealed, encrypted=encrypted)


def stream_blob(
    snapshots: SnapshotStore, source: "Spool", *, retain_until: datetime | None = None
) -> Payload:
    """Write a large blob from a file, in bounded memory, or find it there."""
    encrypted = snapshots.sealer.encrypts
    with Spool() as sealed:
        if encrypted:
            snapshots.sealer.seal_stream(source.rewound(), sealed.file)
            sealed.hash_again()
        stored = sealed if encrypted else source
        key = names.blob_key(source.sha256, sealed=stored.sha256 if encrypted else None)
        try:
            snapshots.store.write(key, stored, retain_until=retain_until)
        except PreconditionFailed:
            require_stored(snapshots.store, key, stored.sha256)
        return Payload(
            key=key,
            sha256=source.sha256,
            size=source.size,
            stored_sha256=stored.sha256,
            stored_size=stored.size,
            encrypted=encrypted,
        )


class Spool:
    """A private temporary file with its digest; iterating yields its bytes, anew each time.

    The file is 0600 and has no name, so it is gone when the process ends, however it ends.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - see __exit__
        self.sha256 = hashlib.sha256().hexdigest()
        self.size = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fill(self, chunks: Iterable[bytes]) -> None:
        """Write what `chunks` yields, and hash it."""
        total = hashlib.sha256()
        self.file.seek(0)
        self.file.truncate()
        for chunk in chunks:
            total.update(chunk)
            self.file.write(chunk)
        self.file.flush()
        self.sha256, self.size = total.hexdigest(), self.file.tell()

    def hash_again(self) -> None:
        """Hash what somebody else wrote into the file."""
        total = hashlib.sha256()
        self.size = 0
        for chunk in self:
            total.update(chunk)
            self.size += len(chunk)
        self.sha256 = total.hexdigest()

    def rewound(self) -> IO[bytes]:
        """Return the file, at its beginning."""
        self.file.seek(0)
        return self.file

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while chunk := self.file.read(_CHUNK):
            yield chunk


def require_stored(store: ObjectStore, key: str, sha256: str) -> None:
    """Raise `SnapshotNotTrustworthy` unless the object's bytes have this digest."""
    total = hashlib.sha256()
    with store.read(key) as reading:
        for chunk in reading.chunks():
            total.update(chunk)
    if total.hexdigest() != sha256:
        raise SnapshotNotTrustworthy(
            f"{key} is damaged: its bytes do not have the digest in its name",
            hint="kled snapshot verify lists the snapshots that need it; then delete it",
        )


def _payload(key: str, body: bytes, stored: bytes, *, encrypted: bool) -> Payload:
    return Payload(
        key=key,
        sha256=_sha256(body),
        size=len(body),
        stored_sha256=_sha256(stored),
        stored_size=len(stored),
        encrypted=encrypted,
    )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
