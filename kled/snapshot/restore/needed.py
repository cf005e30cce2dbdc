"""Looking for the blobs that a restore needs while it is planned.

A lifecycle rule or a person may have removed a blob; the preview has to say so, before the restore
begins.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from kled.errors import SnapshotNotTrustworthy
from kled.sentences import first_of
from kled.snapshot.documents.manifest import Manifest, ObjectRecord, Payload
from kled.snapshot.parallel import in_parallel
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import blob_file

SMALL: Final = 256 << 10
"""Bytes of a stored blob that is read at once: the restore itself then needs no request for it."""
_HELD: Final = 16 << 20
"""Bytes of small blobs that a plan holds; further ones are only looked for, like large ones."""
_NAMED: Final = 3


def fetch_needed(
    snapshots: SnapshotStore, manifest: Manifest, wanted: Iterable[ObjectRecord]
) -> Mapping[str, bytes]:
    """Return the small blobs that `wanted` needs, proved, by digest; look for the large ones.

    One request for each. Raises `SnapshotNotTrustworthy`, naming the objects, where one is gone,
    has another size, or is small and damaged.
    """
    keys: dict[str, list[str]] = {}
    for record in wanted:
        if record.blob is not None:
            keys.setdefault(record.blob, []).append(record.key)
    payloads = [payload for payload in manifest.blobs if payload.sha256 in keys]
    tasks = (
        (0, partial(_look, snapshots, payload, small=small)) for payload, small in _split(payloads)
    )
    held, wrong = {}, []
    for payload, body, trouble in in_parallel(tasks):
        if body is not None:
            held[payload.sha256] = body
        if trouble is not None:
            wrong += [f"{key}: {trouble}" for key in keys[payload.sha256]]
    if wrong:
        raise _refusal(manifest, sorted(wrong))
    return held


def _split(payloads: Iterable[Payload]) -> Iterator[tuple[Payload, bool]]:
    """Yield each payload, and whether it is small enough to be held with those before it."""
    room = _HELD
    for payload in payloads:
        small = max(payload.stored_size, payload.size) <= min(SMALL, room)
        room -= payload.size if small else 0
        yield payload, small


def _look(
    snapshots: SnapshotStore, payload: Payload, *, small: bool
) -> tuple[Payload, bytes | None, str | None]:
    """Return the payload, its plaintext where it is small, and what is wrong with it."""
    if not small:
        return payload, None, _trouble(snapshots, payload)
    try:
        with blob_file(snapshots, payload) as file:
            file.seek(0)
            return payload, file.read(), None
    except SnapshotNotTrustworthy as error:
        return payload, None, error.message


def _trouble(snapshots: SnapshotStore, payload: Payload) -> str | None:
    for entry in snapshots.store.entries(payload.key):
        if entry.key == payload.key and entry.size == payload.stored_size:
            return None
        if entry.key == payload.key:
            return f"{payload.key} has {entry.size} bytes, not {payload.stored_size}"
    return f"{payload.key} is gone"


def _refusal(manifest: Manifest, wrong: list[str]) -> SnapshotNotTrustworthy:
    return SnapshotNotTrustworthy(
        f"snapshot {manifest.id} of {manifest.cluster} lacks what the restore needs:"
        f" {first_of(wrong, _NAMED)}",
        hint=f"take another one (kled snapshot list --name={manifest.cluster}), or restore only"
        " classes that are whole (--class); does the bucket have a lifecycle rule?",
    )
