"""A second site: copying snapshots to another snapshot store, proved byte by byte.

Payloads are copied first, and the manifest last, byte for byte, so that its digest and signature
hold at the target, too. Nothing is deleted or overwritten there. After an interruption a repeat
copies what is missing; two machines at once write the same bytes. Proofs, runs and epochs stay
where they were made: the second site proves its own copies.
"""

import hashlib
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from kled.errors import (
    KledError,
    ObjectMissing,
    PreconditionFailed,
    SettingsError,
    SnapshotMissing,
    SnapshotNotTrustworthy,
)
from kled.snapshot.create.payloads import take_over
from kled.snapshot.documents import names, signed
from kled.snapshot.documents.manifest import Payload
from kled.snapshot.documents.root import require_known
from kled.snapshot.parallel import in_parallel
from kled.snapshot.progress import Progress
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.trust.origin import Origins
from kled.snapshot.trust.strays import explain_stray
from kled.storage.base import ObjectStore
from kled.storage.overlap import overlap


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """What was copied."""

    copied: tuple[SnapshotRef, ...]
    present: int
    """Snapshots that the target had already."""
    size: int
    """Bytes written."""
    failed: tuple[tuple[SnapshotRef, KledError], ...]

    def require(self) -> "MirrorReport":
        """Raise the first failure."""
        for _, error in self.failed:
            raise error
        return self

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "copied": [{"cluster": ref.cluster, "id": ref.id} for ref in self.copied],
            "present": self.present,
            "bytes": self.size,
            "failed": [
                {"cluster": ref.cluster, "id": ref.id, "error": error.message}
                for ref, error in self.failed
            ],
        }


def mirror(
    source: SnapshotStore,
    target: ObjectStore,
    progress: Progress,
    *,
    cluster: str | None = None,
    retain_until: datetime | None = None,
) -> MirrorReport:
    """Copy every snapshot that `target` lacks, of one cluster or of all.

    Failures in the report are: a snapshot that is damaged at the source, one of a cluster that the
    source does not know (`strays`), one that the newest runs name and the source lacks, and the
    newest of a cluster that only the target has. The other snapshots are copied all the same.

    Raises `SettingsError` where source and target overlap, or where the target's snapshots are
    encrypted and the source's are not; `SnapshotMissing` where there is nothing to copy and nothing
    was lost (a wrong bucket, an unmounted directory); and what the stores raise where they cannot
    be used at all.
    """
    if overlap(source.store.location, target.location):
        raise SettingsError(
            f"the mirror {target.location.url} and the snapshot store {source.url} are one place,"
            " or one lies within the other",
            hint="a second site is another bucket, best in another region and account",
        )
    copies = source.at(target)
    _require_as_secret(source, copies)
    wanted = list(source.list(cluster))
    if wanted:
        _copy_root(source, target)
    present = {
        pair for entry in target.entries(names.CLUSTERS) if (pair := names.snapshot_of(entry.key))
    }
    lost = _find_lost(source, copies, cluster, wanted, present)
    if not wanted and not lost:
        raise source.nothing(cluster)
    missing = [ref for ref in wanted if (ref.cluster, ref.id) not in present]
    progress.expect(objects=len(missing))
    copy = _Copy(source, target, progress, retain_until)
    done = sorted(
        in_parallel(((0, partial(copy.copy_snapshot, ref)) for ref in missing), threads=8),
        key=lambda result: result[0],
    )
    return MirrorReport(
        tuple(ref for ref, error, _ in done if error is None),
        len(wanted) - len(missing),
        sum(size for _, _, size in done),
        (*lost, *((ref, error) for ref, error, _ in done if error is not None)),
    )


def _require_as_secret(source: SnapshotStore, copies: SnapshotStore) -> None:
    """Raise `SettingsError` where keys would lie in clear among encrypted snapshots.

    A source that encrypts now may still hold older snapshots in clear; they are copied along.
    """
    if not read_ledger(copies).recipients or read_ledger(source).recipients:
        return
    raise SettingsError(
        f"the snapshots of the mirror {copies.url} are encrypted, and those of {source.url} are"
        " not: keys would lie there in clear",
        hint="mirror to a place of its own, or encrypt them first: name recipients in"
        " KLED_SNAPSHOT_RECIPIENTS and run kled snapshot create --all",
    )


def _copy_root(source: SnapshotStore, target: ObjectStore) -> None:
    """Give the target the source's `kled.json`, so that documents of either count in both.

    Where the source has none, or a damaged one, the target gets none: restoring works without it.
    Raises `SnapshotNotTrustworthy` for a target that only a newer kled reads.
    """
    root = source.at(target).root
    require_known(root)
    if not root.missing or source.root.root is None:
        return
    body, _ = signed.read_bounded(source.store, names.ROOT, signed.LIMITS["root"])
    with suppress(PreconditionFailed):
        target.put_if_absent(names.ROOT, body)


def _find_lost(
    source: SnapshotStore,
    copies: SnapshotStore,
    cluster: str | None,
    present: Sequence[SnapshotRef],
    in_target: Collection[tuple[str, str]],
) -> list[tuple[SnapshotRef, KledError]]:
    """Return the snapshots that the source should have and lacks, each with the error.

    Newer snapshots at the target count as lost unless a run of the target itself made them.
    """
    ledger = read_ledger(source)
    newest = {ref.cluster: ref.id for ref in present}
    newer = {
        SnapshotRef(name, snapshot_id)
        for name, snapshot_id in in_target
        if cluster in {None, name} and snapshot_id > newest.get(name, "")
    }
    newer -= ledger.removed(newer)
    if newer:
        newer -= read_ledger(copies).named
    failures: list[tuple[SnapshotRef, KledError]] = [
        (ref, SnapshotMissing(f"snapshot {ref.id} of {ref.cluster} is gone from {source.url}"))
        for ref in sorted({*ledger.missing(present, cluster), *newer})
    ]
    if ledger.doubts and newest:
        last = max(present, key=lambda ref: ref.id)
        failures.append(
            (last, SnapshotNotTrustworthy(f"it may not be the newest: {ledger.doubts[0]}"))
        )
    return failures


class _Copy:
    """Copies single snapshots."""

    def __init__(
        self,
        source: SnapshotStore,
        target: ObjectStore,
        progress: Progress,
        retain_until: datetime | None,
    ) -> None:
        self._source = source
        self._origins = Origins(read_ledger(source))
        self._target = target
        self._progress = progress
        self._retain_until = retain_until
        self._there: set[str] = set()
        """The payloads that this run wrote, or claimed and proved: snapshots share payloads."""
        self._turns: dict[str, threading.Lock] = {}

    def copy_snapshot(self, ref: SnapshotRef) -> tuple[SnapshotRef, KledError | None, int]:
        """Copy one snapshot; return it, the error that prevented that, and the bytes written."""
        try:
            manifest, body = self._source.manifest_as_stored(ref)
            if reason := explain_stray(self._origins, manifest):
                raise SnapshotNotTrustworthy(f"it is not copied: {reason}")
            size = sum(self._payload(payload) for payload in manifest.payloads)
            self._commit(ref, body)
        except KledError as error:
            if error.retryable:
                raise
            self._progress.say(f"{ref.cluster} {ref.id}: {error.message}")
            return ref, error, 0
        self._progress.done(objects=1, size=size)
        return ref, None, size

    def _payload(self, payload: Payload) -> int:
        """Copy one payload; return the bytes written, 0 where the target holds it, proved."""
        identity = f"{payload.key} {payload.stored_sha256}"
        with self._turns.setdefault(identity, threading.Lock()):
            if identity in self._there:
                return 0
            size = self._copy(payload)
            self._there.add(identity)
            return size

    def _copy(self, payload: Payload) -> int:
        chunks = _Proved(self._source.store, payload)
        try:
            self._target.write(payload.key, chunks, retain_until=self._retain_until)
        except PreconditionFailed:
            take_over(self._target, payload.key, payload.stored_sha256, self._source)
            return 0
        except ObjectMissing as error:
            raise SnapshotNotTrustworthy(f"{payload.key} is gone") from error
        return payload.stored_size

    def _commit(self, ref: SnapshotRef, body: bytes) -> None:
        key = names.manifest_key(ref.cluster, ref.id)
        with suppress(PreconditionFailed):  # the same mirror on another machine was faster
            self._target.put_if_absent(key, body, retain_until=self._retain_until)


class _Proved:
    """The stored bytes of a payload, read from the store at each iteration.

    Raises at the end unless they have the manifest's digest, so that a damaged object never becomes
    visible at the target.
    """

    def __init__(self, store: ObjectStore, payload: Payload) -> None:
        self._store = store
        self._payload = payload

    def __iter__(self) -> Iterator[bytes]:
        total, size = hashlib.sha256(), 0
        with self._store.read(self._payload.key) as reading:
            for chunk in reading.chunks():
                size += len(chunk)
                if size > self._payload.stored_size:
                    break  # whatever else it is, it is not sent to the other site
                total.update(chunk)
                yield chunk
        if size != self._payload.stored_size or total.hexdigest() != self._payload.stored_sha256:
            raise SnapshotNotTrustworthy(f"{self._payload.key} is damaged")
