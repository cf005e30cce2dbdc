"""Carrying out a restore plan.

CA keys and secrets are written first and the cluster's `config` last: kops gives new CA keys to a
cluster without any, so an interrupted restore must not have made one. A backup's description is
written after its data, as etcd-manager does. Of the control markers `etcd-cluster-created` comes
before `etcd-cluster-spec`, since a leader that sees only the latter seeds an empty etcd.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final

from kled.errors import (
    CapabilityMissing,
    InvalidInput,
    NotApproved,
    ObjectMissing,
    PreconditionFailed,
)
from kled.kops.state_store import layout
from kled.snapshot.create import spool
from kled.snapshot.documents.manifest import ObjectRecord
from kled.snapshot.parallel import SizedCall, in_parallel
from kled.snapshot.progress import Progress, Quiet
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.restore.restore_plan import ALL, RestorePlan, Write, plan_restore
from kled.snapshot.verify.contents import archived_objects, blob_file
from kled.storage.base import ObjectStore
from kled.store_urls import is_same

__all__ = ["ALL", "RestorePlan", "RestoreReport", "apply_restore", "plan_restore"]

_CHUNK: Final = 1 << 20
_META: Final = "_etcd_backup.meta"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did. Every object that it counts was written whole."""

    created: int
    replaced: int
    same: int
    deleted: int
    size: int
    """Bytes written."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "created": self.created,
            "replaced": self.replaced,
            "same": self.same,
            "deleted": self.deleted,
            "bytes": self.size,
        }


def apply_restore(
    plan: RestorePlan,
    snapshots: SnapshotStore,
    target: ObjectStore,
    *,
    approved: str | None = None,
    progress: Progress | None = None,
    directory: Path | None = None,
) -> RestoreReport:
    """Carry out `plan`, after every byte of it was proved.

    One write for each object and one read for each blob that the plan does not hold. Safe to kill
    anywhere: each object is written whole or not at all, and the next plan holds what is left. An
    object of the target that changed since it was planned stays, and `PreconditionFailed` is
    raised. Blobs are unpacked in `directory`, or where temporary files go.

    Raises `NotApproved` where `approved` is the digest of another plan, `InvalidInput` for another
    target, `SnapshotNotTrustworthy` before the first write, and what the stores raise.
    """
    _require_approved(plan, approved)
    _require_target(plan, target)
    progress = progress or Quiet()
    progress.expect(objects=len(plan.writes), size=plan.size)
    with ExitStack() as stack:
        blobs = _blobs(plan, snapshots, stack, directory)
        restore = _Restore(plan, target, blobs)
        for phase in restore.phases():
            for write in in_parallel(phase):
                progress.done(objects=1, size=write.record.size)
    for _ in in_parallel(_deletions(plan, target)):
        pass
    created = sum(write.replaces is None for write in plan.writes)
    return RestoreReport(
        created=created,
        replaced=len(plan.writes) - created,
        same=len(plan.same),
        deleted=len(plan.deletes),
        size=plan.size,
    )


def _require_approved(plan: RestorePlan, approved: str | None) -> None:
    if approved is not None and approved != plan.digest:
        raise NotApproved(
            f"what was approved ({approved[:12]}) is not what would be restored now "
            f"({plan.digest[:12]})",
            hint="the target or the snapshot changed: look at the new plan and approve that",
        )


def _require_target(plan: RestorePlan, target: ObjectStore) -> None:
    if not is_same(target.location.url, plan.target):
        raise InvalidInput(
            "target", f"the plan is for {plan.target}, and this is {target.location.url}"
        )


def _blobs(
    plan: RestorePlan, snapshots: SnapshotStore, stack: ExitStack, directory: Path | None
) -> Mapping[str, IO[bytes]]:
    """Unpack and prove every blob that the plan needs; they are closed with `stack`."""
    needed = {write.record.blob for write in plan.writes}
    files = {}
    for payload in plan.manifest.blobs:
        if payload.sha256 in plan.held:
            file = stack.enter_context(spool.open_nameless(directory))
            spool.write(file, plan.held[payload.sha256])
            files[payload.sha256] = file
        elif payload.sha256 in needed:
            file = blob_file(snapshots, payload, directory=directory)
            files[payload.sha256] = stack.enter_context(file)
    return files


def _deletions(plan: RestorePlan, target: ObjectStore) -> Iterator[SizedCall[None]]:
    for key in plan.deletes:
        yield 0, partial(target.delete, plan.prefix + key)


class _Restore:
    """The writes of one plan."""

    def __init__(
        self, plan: RestorePlan, target: ObjectStore, blobs: Mapping[str, IO[bytes]]
    ) -> None:
        self._plan, self._target, self._blobs = plan, target, blobs

    def phases(self) -> Iterator[Iterator[SizedCall[Write]]]:
        """Yield groups of writes; each must be over before the next begins."""
        by_phase: dict[int, list[Write]] = {}
        for write in self._plan.writes:
            by_phase.setdefault(_phase(write.record), []).append(write)
        for phase in sorted(by_phase):
            yield self._tasks(by_phase[phase])

    def _tasks(self, writes: list[Write]) -> Iterator[SizedCall[Write]]:
        """Yield the calls; the archive is read along, so that memory holds few objects."""
        archived = {write.record.key: write for write in writes if write.record.blob is None}
        for write in writes:
            if write.record.blob is not None:
                yield _CHUNK, partial(self._stream, write)
        if archived:
            for record, body in archived_objects(self._plan.manifest, self._plan.packed):
                if record.key in archived:
                    written = self._plan.moving.written(record.key, body)
                    yield len(written), partial(self._put, archived[record.key], written)

    def _put(self, write: Write, body: bytes) -> Write:
        key = self._plan.prefix + write.record.key
        try:
            if write.replaces is None:
                self._target.put_if_absent(key, body)
            else:
                self._target.replace(key, body, write.replaces)
        except PreconditionFailed:
            self._require_written(write)
        except CapabilityMissing:  # no conditions here: the lease has to do
            self._target.put(key, body)
        return write

    def _stream(self, write: Write) -> Write:
        key = self._plan.prefix + write.record.key
        chunks = _Chunks(self._blobs[write.record.sha256])
        try:
            self._target.write(key, chunks, absent=write.replaces is None)
        except PreconditionFailed:
            self._require_written(write)
        except CapabilityMissing:
            self._target.write(key, chunks, absent=False)
        return write

    def _require_written(self, write: Write) -> None:
        """Accept an object with the right bytes: an earlier attempt wrote it unnoticed."""
        key = self._plan.prefix + write.record.key
        digest = hashlib.sha256()
        try:
            with self._target.read(key) as reading:
                for chunk in reading.chunks():
                    digest.update(chunk)
        except ObjectMissing:
            pass
        if digest.hexdigest() != write.record.sha256:
            raise PreconditionFailed(
                f"{key} in {self._target.location.url} changed since the restore was planned",
                hint="find out who writes there; a new restore plans with what is there now",
            )


class _Chunks:
    """A file's bytes, from the start each time they are iterated, in any number of threads."""

    def __init__(self, file: IO[bytes]) -> None:
        self._descriptor = file.fileno()

    def __iter__(self) -> Iterator[bytes]:
        at = 0
        while chunk := os.pread(self._descriptor, _CHUNK, at):
            yield chunk
            at += len(chunk)


def _phase(record: ObjectRecord) -> int:
    name = record.key.rpartition("/")[2]
    if record.kind == "identity":
        return 0
    if record.key == layout.CONFIG:
        return 5
    if record.kind == "control":
        return 3 if name == layout.CREATED_MARKER else 4
    return 2 if record.kind == "etcd-backup" and name == _META else 1
