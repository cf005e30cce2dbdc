"""Forgetting snapshots, and collecting what no snapshot refers to.

Two phases, so that nothing is lost to a run on another machine. First the manifests go, after
`prunes/<id>.json` was written, which names them and what only they referred to. Archives and blobs
are collected by a fresh mark over all manifests, and only those that are older than the grace and
that no prune younger than the grace has freed. A run that is making a snapshot may refer to
payloads of a manifest that was there when it began: until the grace is over they are there still,
and afterwards its own manifest marks them. What it writes itself is younger than the grace; what
it finds that nothing refers to, it claims (`claims`).

Killed anywhere: manifests that are gone are gone, the rest is garbage that the next prune collects.
Where one manifest cannot be read, nothing is collected: what it refers to is not known.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from kled.errors import NotApproved, SnapshotMissing, SnapshotNotTrustworthy, StoreDenied
from kled.snapshot import claims, names, runs
from kled.snapshot.manifest import Manifest
from kled.snapshot.parallel import in_parallel
from kled.snapshot.progress import Progress, Quiet
from kled.snapshot.repository import SnapshotRef, SnapshotStore, read_json
from kled.snapshot.retention import GRACE, Candidate, Policy, keep
from kled.storage.base import Entry

_FORMAT: Final = 1
_KEEP_RUNS: Final = timedelta(days=90)
_TRUSTED: Final = 1


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What a prune would do (design D13)."""

    kept: tuple[tuple[SnapshotRef, str], ...]
    """Each with why."""
    removed: tuple[SnapshotRef, ...]
    unreadable: tuple[tuple[SnapshotRef, str], ...]
    """Snapshots whose manifests cannot be read; they are left alone."""
    garbage: tuple[Entry, ...]
    """Objects that nothing refers to, old enough to be collected."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.removed and not self.garbage

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the snapshots that would go; garbage is nobody's."""
        body = json.dumps([[ref.cluster, ref.id] for ref in self.removed])
        return hashlib.sha256(body.encode()).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "kept": [{"cluster": ref.cluster, "id": ref.id, "why": why} for ref, why in self.kept],
            "removed": [{"cluster": ref.cluster, "id": ref.id} for ref in self.removed],
            "unreadable": [
                {"cluster": ref.cluster, "id": ref.id, "why": why} for ref, why in self.unreadable
            ],
            "garbage": [entry.key for entry in self.garbage],
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What a prune did."""

    removed: tuple[SnapshotRef, ...]
    collected: int
    size: int
    """Bytes of what was collected."""
    locked: tuple[str, ...]
    """Keys that the store would not delete: object lock, or a permission."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "removed": [{"cluster": ref.cluster, "id": ref.id} for ref in self.removed],
            "collected": self.collected,
            "bytes": self.size,
            "locked": list(self.locked),
        }


def plan_prune(
    snapshots: SnapshotStore,
    policy: Policy,
    *,
    cluster: str | None = None,
    grace: timedelta = GRACE,
) -> PrunePlan:
    """Return what `policy` would remove, of one cluster or of all; changes nothing."""
    now = snapshots.now()
    manifests, unreadable = _manifests(snapshots)
    run = runs.newest(snapshots)
    named = {one.snapshot for one in run.clusters.values() if one.snapshot} if run else set()
    kept: list[tuple[SnapshotRef, str]] = []
    removed: list[SnapshotRef] = []
    by_cluster: dict[str, list[Manifest]] = {}
    for one in manifests:
        by_cluster.setdefault(one.cluster, []).append(one)
    for name, found in sorted(by_cluster.items()):
        if cluster not in {None, name}:
            continue
        why = keep([_candidate(one) for one in found], policy, now, named=named, grace=grace)
        for one in found:
            ref = SnapshotRef(name, one.id)
            if one.id in why:
                kept.append((ref, why[one.id]))
            else:
                removed.append(ref)
    garbage = () if unreadable else _garbage(snapshots, manifests, now, grace)
    return PrunePlan(tuple(kept), tuple(removed), unreadable, garbage)


def apply_prune(
    snapshots: SnapshotStore,
    plan: PrunePlan,
    progress: Progress,
    *,
    approved: str | None = None,
    grace: timedelta = GRACE,
) -> PruneReport:
    """Do what was planned: manifests first, then what nothing refers to by a fresh mark.

    Safe to repeat, to kill and to run from two machines at once. Raises `NotApproved` where
    `approved` is the digest of another plan.
    """
    if approved is not None and approved != plan.digest:
        raise NotApproved(
            "what was approved is not what would be removed now",
            hint="look at the new plan and approve that",
        )
    locked: list[str] = []
    progress.expect(objects=len(plan.removed) + len(plan.garbage))
    if plan.removed:
        _announce(snapshots, plan.removed)
    gone = tuple(ref for ref in plan.removed if _remove(snapshots, ref, locked, progress))
    collected = _sweep(snapshots, locked, progress, grace)
    now = snapshots.now()
    _forget_old_runs(snapshots, now)
    for key in claims.outdated(snapshots.store, now):
        _delete(snapshots, key, locked, Quiet())
    return PruneReport(gone, len(collected), sum(one.size for one in collected), tuple(locked))


def _candidate(manifest: Manifest) -> Candidate:
    trusted = not manifest.fuzzy and manifest.level >= _TRUSTED
    return Candidate(manifest.id, names.moment(manifest.id), trusted)


def _manifests(
    snapshots: SnapshotStore,
) -> tuple[list[Manifest], tuple[tuple[SnapshotRef, str], ...]]:
    """Read all manifests; those that cannot be read come back with the reason."""

    def read(ref: SnapshotRef) -> tuple[SnapshotRef, Manifest | str | None]:
        try:
            return ref, snapshots.manifest(ref)
        except SnapshotMissing:
            return ref, None  # another prune was faster
        except SnapshotNotTrustworthy as error:
            return ref, error.message

    found = sorted(
        in_parallel((0, partial(read, ref)) for ref in snapshots.list()), key=lambda one: one[0]
    )
    return (
        [one for _, one in found if isinstance(one, Manifest)],
        tuple((ref, one) for ref, one in found if isinstance(one, str)),
    )


def _sweep(
    snapshots: SnapshotStore, locked: list[str], progress: Progress, grace: timedelta
) -> list[Entry]:
    """Collect what two marks agree on, the second after the sweep was announced.

    What another prune is sweeping is left to it: each object is deleted by one of them, so that
    nothing is deleted that was written anew meanwhile.
    """
    found = {one.key for one in _fresh_garbage(snapshots, grace)}
    if not found:
        return []
    sweep_id = snapshots.new_id()
    claims.announce(snapshots.store, sweep_id, found)
    agreed = [one for one in _fresh_garbage(snapshots, grace) if one.key in found]
    others = claims.swept(snapshots.store, snapshots.now(), grace, but=sweep_id)
    collected = [
        one
        for one in agreed
        if one.key not in others and _delete(snapshots, one.key, locked, progress)
    ]
    _delete(snapshots, names.sweep_key(sweep_id), locked, Quiet())
    return collected


def _fresh_garbage(snapshots: SnapshotStore, grace: timedelta) -> tuple[Entry, ...]:
    manifests, unreadable = _manifests(snapshots)
    return () if unreadable else _garbage(snapshots, manifests, snapshots.now(), grace)


def _garbage(
    snapshots: SnapshotStore, manifests: Collection[Manifest], now: datetime, grace: timedelta
) -> tuple[Entry, ...]:
    """Return what nothing refers to, is old enough, and was not freed by a recent prune."""
    used = {payload.key for one in manifests for payload in one.payloads}
    present = {(one.cluster, one.id) for one in manifests}
    used |= _freed_recently(snapshots, now, grace) | claims.claimed(snapshots.store, now, grace)
    return tuple(
        entry
        for entry in _collectable(snapshots, present)
        if entry.key not in used and entry.modified is not None and now - entry.modified >= grace
    )


def _collectable(snapshots: SnapshotStore, present: Collection[tuple[str, str]]) -> Iterator[Entry]:
    """Yield blobs, archives, and what else stands beside a manifest that is gone."""
    yield from snapshots.store.entries(names.BLOBS)
    for entry in snapshots.store.entries(names.CLUSTERS):
        parts = entry.key.split("/")
        if len(parts) < 4 or not names.is_id(parts[2]) or parts[3] == names.MANIFEST:  # noqa: PLR2004
            continue
        if parts[3].startswith("state.tar") or (parts[1], parts[2]) not in present:
            yield entry


def _announce(snapshots: SnapshotStore, removed: Sequence[SnapshotRef]) -> None:
    """Write down what goes and what that frees, before the first manifest goes."""
    freed = sorted({key for ref in removed for key in _payload_keys(snapshots, ref)})
    document = {
        "format": _FORMAT,
        "at": snapshots.now().isoformat(),
        "removed": [[ref.cluster, ref.id] for ref in removed],
        "freed": freed,
    }
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    snapshots.store.put_if_absent(names.prune_key(snapshots.new_id()), body)


def _payload_keys(snapshots: SnapshotStore, ref: SnapshotRef) -> list[str]:
    try:
        return [payload.key for payload in snapshots.manifest(ref).payloads]
    except SnapshotMissing:
        return []


def _freed_recently(snapshots: SnapshotStore, now: datetime, grace: timedelta) -> set[str]:
    after = names.PRUNES + names.new_id(now - grace, b"\0\0")
    freed: set[str] = set()
    for entry in snapshots.store.entries(names.PRUNES, start_after=after):
        document = read_json(snapshots.store.get(entry.key).body, entry.key)
        freed |= set(document.get("freed", ()))
    return freed


def _remove(
    snapshots: SnapshotStore, ref: SnapshotRef, locked: list[str], progress: Progress
) -> bool:
    """Remove a manifest: from here on the snapshot is gone; its proofs are garbage."""
    return _delete(snapshots, names.manifest_key(ref.cluster, ref.id), locked, progress)


def _delete(snapshots: SnapshotStore, key: str, locked: list[str], progress: Progress) -> bool:
    try:
        snapshots.store.delete(key)
    except StoreDenied:
        locked.append(key)
        return False
    progress.done(objects=1)
    return True


def _forget_old_runs(snapshots: SnapshotStore, now: datetime) -> None:
    """Delete old run documents, never the newest: it names what must not be lost."""
    entries = [entry.key for entry in snapshots.store.entries(names.RUNS)]
    before = names.RUNS + names.new_id(now - _KEEP_RUNS, b"\0\0")
    for key in entries[:-1]:
        if key < before:
            _delete(snapshots, key, [], Quiet())
