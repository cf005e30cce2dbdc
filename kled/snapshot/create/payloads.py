"""Writing archives and blobs: encrypted where there are recipients, and named by their digests.

A write never overwrites an object. An archive belongs to its snapshot's own
directory, so nobody else writes there. A plain blob's key is its digest: one that exists already
is claimed, read back and hashed before a manifest vouches for it. A sealed blob's key holds the
digest of its own ciphertext. Killed anywhere, what is left is unreferenced, and prune collects it.
"""

import hashlib
from datetime import datetime
from typing import IO, cast

from kled.errors import BeingCollected, ObjectMissing, PreconditionFailed, SnapshotNotTrustworthy
from kled.snapshot.create.spool import Sink, Spool
from kled.snapshot.documents import names
from kled.snapshot.documents.manifest import Payload
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.retention import claims
from kled.storage.base import ObjectStore


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
    """Write a small blob, or reuse the stored one."""
    sealed = snapshots.sealer.seal(body)
    encrypted = snapshots.sealer.encrypts
    digest = _sha256(body)
    key = names.blob_key(digest, sealed=_sha256(sealed) if encrypted else None)
    try:
        snapshots.store.put_if_absent(key, sealed, retain_until=retain_until)
    except PreconditionFailed:
        take_over(snapshots.store, key, _sha256(sealed), snapshots)
    return _payload(key, body, sealed, encrypted=encrypted)


def stream_blob(
    snapshots: SnapshotStore, source: Spool, *, retain_until: datetime | None = None
) -> Payload:
    """Write a large blob from a file, in bounded memory, or reuse the stored one."""
    encrypted = snapshots.sealer.encrypts
    with Spool() as sealed:
        if encrypted:
            snapshots.sealer.seal_stream(source.rewound(), cast("IO[bytes]", Sink(sealed.file)))
            sealed.measure()
        stored = sealed if encrypted else source
        key = names.blob_key(source.sha256, sealed=stored.sha256 if encrypted else None)
        try:
            snapshots.store.write(key, stored, retain_until=retain_until)
        except PreconditionFailed:
            take_over(snapshots.store, key, stored.sha256, snapshots)
        return Payload(
            key=key,
            sha256=source.sha256,
            size=source.size,
            stored_sha256=stored.sha256,
            stored_size=stored.size,
            encrypted=encrypted,
        )


def take_over(store: ObjectStore, key: str, sha256: str, claimant: SnapshotStore) -> None:
    """Claim an object that was found in `store`, and prove its bytes; `claimant` gives id and time.

    Raises `BeingCollected` where a prune is collecting it, and as `require_stored` does.
    """
    claims.claim(store, key, claimant.new_id(), claimant.now())
    try:
        require_stored(store, key, sha256)
    except ObjectMissing as error:
        raise BeingCollected(key) from error


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
