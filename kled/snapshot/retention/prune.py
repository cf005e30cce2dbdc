"""Removing snapshots, and collecting payloads that no snapshot refers to.

There are two phases, so that a run on another machine loses nothing. First manifests are removed,
after `prunes/<id>.json` was written, which names them and the payloads that they free. Then
archives and blobs are collected: those that no manifest refers to, that are older than the grace,
and that no prune within the grace has freed. A run that is under way may refer to payloads of a
manifest that existed when it began: they stay until the grace is over, and by then its own manifest
refers to them. What it writes is younger than the grace, and what it reuses it claims (`claims`).

After an interruption, the next prune collects what was left. Where one manifest cannot be read,
nothing is collected, since its payloads are unknown. Where the listing lacks a snapshot that the
newest runs name, nothing is deleted at all: the store may be unmounted, or the listing cut short.
Nothing is deleted either where this machine's clock differs from the store's; `ages` measures age.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from kled.errors import NotApproved, SnapshotMissing, SnapshotNotTrustworthy, StoreDenied
from kled.sentences import enumerated
from kled.snapshot.documents import names, prunes
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.losses.losses import GIVEN_UP, require_history
from kled.snapshot.parallel import in_parallel
from kled.snapshot.progress import Progress, Quiet
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.retention import claims
from kled.snapshot.retention.retention import GRACE, Candidate, RetentionPolicy, keep
from kled.snapshot.trust import ages
from kled.snapshot.trust.judging import Judged, Listing, judge_all, read_listing
from kled.snapshot.trust.ledger import Ledger, prepare_to_write, read_ledger
from kled.snapshot.trust.origin import Origins
from kled.snapshot.trust.strays import explain_stray
from kled.storage.base import Entry, ObjectStore, oddity

_KEEP_RUNS: Final = timedelta(days=90)
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What a prune would do (design D13)."""

    kept: tuple[tuple[SnapshotRef, str], ...]
    """Each with the reason."""
    removed: tuple[SnapshotRef, ...]
    unreadable: tuple[tuple[SnapshotRef, str], ...]
    """Snapshots whose manifests cannot be read; they stay."""
    garbage: tuple[Entry, ...]
    """Objects that nothing refers to, old enough to be collected."""
    strays: tuple[tuple[SnapshotRef, str], ...] = ()
    """Snapshots of clusters that this snapshot store does not know, each with the reason. They
    stay, and do not count in the retention policy."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.removed and not self.garbage

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the snapshots to remove; garbage does not count in it."""
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
            "strays": [
                {"cluster": ref.cluster, "id": ref.id, "why": why} for ref, why in self.strays
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
    policy: RetentionPolicy,
    *,
    cluster: str | None = None,
    grace: timedelta = GRACE,
    state: ObjectStore | None = None,
) -> PrunePlan:
    """Return what `policy` would remove, of one cluster or of all; changes nothing.

    `state` is asked which snapshots it remembers. Raises `SnapshotNotTrustworthy` where a snapshot
    that must exist is missing, or where it is unknown which must exist, and `SnapshotMissing` where
    there is none at all.
    """
    old_until = ages.old_until(snapshots, grace)
    ledger = read_ledger(snapshots, state)
    listing = read_listing(snapshots)
    _require_whole(ledger, listing.refs)
    if cluster not in {None, *(ref.cluster for ref in listing.refs)} or not listing.refs:
        raise snapshots.nothing(cluster)
    known = judge_all(snapshots, listing, ledger.named)
    unreadable = tuple(
        (snapshot.ref, snapshot.trust.reasons[0]) for snapshot in known if snapshot.manifest is None
    )
    kept: list[tuple[SnapshotRef, str]] = []
    removed: list[SnapshotRef] = []
    whole = [snapshot for snapshot in known if snapshot.manifest is not None]
    own, strays = _group_by_lineage(Origins(ledger), whole)
    for name, readable in own:
        if cluster not in {None, name}:
            continue
        why = _why_kept(ledger, readable, listing, policy, old_until)
        refs = [snapshot.ref for snapshot in readable]
        kept += [(ref, why[ref.id]) for ref in refs if ref.id in why]
        removed += [ref for ref in refs if ref.id not in why]
    manifests = [snapshot.manifest for snapshot in known if snapshot.manifest is not None]
    garbage = () if unreadable else _find_garbage(ledger, manifests, old_until)
    return PrunePlan(tuple(sorted(kept)), tuple(sorted(removed)), unreadable, garbage, strays)


def _group_by_lineage(
    origins: Origins, readable: Iterable[Judged]
) -> tuple[list[tuple[str, list[Judged]]], tuple[tuple[SnapshotRef, str], ...]]:
    """Return the snapshots of each cluster with its name, and those of unknown clusters.

    Clusters of one name in several state stores are kept apart: each has its own retention.
    """
    own: dict[tuple[str, str], list[Judged]] = {}
    strays: list[tuple[SnapshotRef, str]] = []
    for snapshot in readable:
        if snapshot.manifest is None:
            continue
        reason = explain_stray(origins, snapshot.manifest)
        if reason:
            strays.append((snapshot.ref, reason))
        else:
            lineage = origins.lineage(snapshot.manifest) or ""
            own.setdefault((snapshot.ref.cluster, lineage), []).append(snapshot)
    return [(name, history) for (name, _), history in own.items()], tuple(strays)


def _why_kept(
    ledger: Ledger,
    judged: Sequence[Judged],
    listing: Listing,
    policy: RetentionPolicy,
    old_until: datetime,
) -> Mapping[str, str]:
    """Return the ids of one cluster's snapshots to keep, each with the reason.

    The snapshot that `latest` means always stays, even where a wrong clock gave it an older id.
    """
    trusted = {snapshot.ref.id for snapshot in judged if snapshot.trust.trusted}
    candidates = [
        Candidate(ref.id, ref.created, trusted=ref.id in trusted, written=listing.written.get(ref))
        for ref in (snapshot.ref for snapshot in judged)
    ]
    why = dict(keep(candidates, policy, old_until, named={ref.id for ref in ledger.named}))
    for latest in ledger.oldest_first(judged[0].ref.cluster if judged else "", trusted)[-1:]:
        why.setdefault(latest, "newest trusted")
    return why


def apply_prune(
    snapshots: SnapshotStore,
    plan: PrunePlan,
    progress: Progress,
    *,
    approved: str | None = None,
    grace: timedelta = GRACE,
) -> PruneReport:
    """Carry out the plan: remove manifests first, then payloads that nothing refers to.

    Safe to repeat, to kill and to run from two machines at once. Raises `NotApproved` where
    `approved` is the digest of another plan, and `SnapshotNotTrustworthy` where the clock of this
    machine is not the store's, or was not when the plan was made.
    """
    if approved is not None and approved != plan.digest:
        raise NotApproved(
            "what was approved is not what would be removed now",
            hint="look at the new plan and approve that",
        )
    locked: list[str] = []
    ledger = read_ledger(snapshots)
    listing = read_listing(snapshots)
    _require_whole(ledger, listing.refs)
    store = prepare_to_write(snapshots, ledger)
    ages.require_right_clock(snapshots)
    old_until = ages.old_until(snapshots, grace)
    _require_old(plan.removed, listing, old_until)
    progress.expect(objects=len(plan.removed) + len(plan.garbage))
    if plan.removed:
        freed = {key for ref in plan.removed for key in _payload_keys(snapshots, ref)}
        prunes.write(snapshots, plan.removed, freed, store=store)
    gone = tuple(ref for ref in plan.removed if _remove(snapshots, ref, locked, progress))
    collected = _sweep(snapshots, ledger, locked, progress, grace)
    _forget_old_runs(snapshots, ledger)
    for key in claims.find_outdated(snapshots.store, old_until):
        _delete(snapshots, key, locked, Quiet())
    return PruneReport(gone, len(collected), sum(entry.size for entry in collected), tuple(locked))


def _require_whole(ledger: Ledger, present: Collection[SnapshotRef]) -> None:
    """Raise `SnapshotNotTrustworthy` where the listing lacks a snapshot that must exist."""
    if ledger.doubts:
        raise SnapshotNotTrustworthy(
            f"nothing is deleted: which snapshots are the newest is not sure: {ledger.doubts[0]}",
            hint="kled snapshot verify --all tells more; the next kled snapshot create --all makes"
            " a newest run, unless one is dated after now: remove that document first",
        )
    missing = ledger.missing(present)
    if missing:
        shown = enumerated([f"{ref.cluster}/{ref.id}" for ref in missing], _SHOWN)
        raise SnapshotNotTrustworthy(
            f"nothing is deleted: the listing of {ledger.snapshots.url} lacks {shown}, which"
            " the newest run names",
            hint=GIVEN_UP,
        )
    require_history(ledger, present)


def _require_old(removed: Collection[SnapshotRef], listing: Listing, old_until: datetime) -> None:
    """Raise `SnapshotNotTrustworthy` where the plan was made while the clock was ahead."""
    for ref in removed:
        if max(ref.created, listing.written.get(ref) or ref.created) > old_until:
            raise SnapshotNotTrustworthy(
                f"nothing is deleted: {ref.cluster}/{ref.id} is too young to be removed, though it"
                " was not when the plan was made: this machine's clock was set back since",
                hint="prune again",
            )


def _read_manifests(
    snapshots: SnapshotStore, ledger: Ledger
) -> tuple[list[Manifest], tuple[tuple[SnapshotRef, str], ...]]:
    """Read all manifests; return them, and the unreadable ones with the reason.

    Raises `SnapshotNotTrustworthy` where a snapshot that must exist is missing.
    """
    refs = list(snapshots.list())
    _require_whole(ledger, refs)

    def read(ref: SnapshotRef) -> tuple[SnapshotRef, Manifest | str | None]:
        try:
            return ref, snapshots.manifest(ref)
        except SnapshotMissing:
            return ref, None  # another prune was faster
        except SnapshotNotTrustworthy as error:
            return ref, error.message

    results = sorted(
        in_parallel((0, partial(read, ref)) for ref in refs), key=lambda result: result[0]
    )
    return (
        [manifest for _, manifest in results if isinstance(manifest, Manifest)],
        tuple((ref, reason) for ref, reason in results if isinstance(reason, str)),
    )


def _sweep(
    snapshots: SnapshotStore,
    ledger: Ledger,
    locked: list[str],
    progress: Progress,
    grace: timedelta,
) -> list[Entry]:
    """Collect what two searches agree on, the second made after the sweep was announced.

    What another prune is sweeping is left to it: each object is deleted by one of them, so that
    an object that was written again in the meantime stays.
    """
    keys = {entry.key for entry in _fresh_garbage(snapshots, ledger, grace)}
    if not keys:
        return []
    sweep_id = snapshots.new_id()
    claims.announce(snapshots.store, sweep_id, keys)
    agreed = [entry for entry in _fresh_garbage(snapshots, ledger, grace) if entry.key in keys]
    others = claims.read_swept(snapshots.store, ages.old_until(snapshots, grace), but=sweep_id)
    collected = [
        entry
        for entry in agreed
        if entry.key not in others and _delete(snapshots, entry.key, locked, progress)
    ]
    _delete(snapshots, names.sweep_key(sweep_id), locked, Quiet())
    return collected


def _fresh_garbage(snapshots: SnapshotStore, ledger: Ledger, grace: timedelta) -> tuple[Entry, ...]:
    manifests, unreadable = _read_manifests(snapshots, ledger)
    return () if unreadable else _find_garbage(ledger, manifests, ages.old_until(snapshots, grace))


def _find_garbage(
    ledger: Ledger, manifests: Collection[Manifest], old_until: datetime
) -> tuple[Entry, ...]:
    """Return what nothing refers to, is old enough, and was not freed by a recent prune.

    Empty where no manifest is listed at all, or where a recent prune or claim cannot be read: it
    might protect something.
    """
    snapshots, now = ledger.snapshots, ledger.snapshots.now()
    if not manifests or old_until == ages.NEVER:
        return ()
    recent = ledger.prunes_after(names.new_id(old_until, b"\0\0"))
    if recent.unreadable_before(now + GRACE):
        return ()
    try:
        claimed = claims.read_claimed(snapshots.store, now, old_until)
    except SnapshotNotTrustworthy:
        return ()
    used = {payload.key for manifest in manifests for payload in manifest.payloads}
    used |= recent.freed | claimed
    present = {(manifest.cluster, manifest.id) for manifest in manifests}
    return tuple(
        entry
        for entry in _list_unused(snapshots, present)
        if entry.key not in used and entry.modified is not None and entry.modified <= old_until
    )


def _list_unused(snapshots: SnapshotStore, present: Collection[tuple[str, str]]) -> Iterator[Entry]:
    """Yield blobs, archives, and other files of snapshots whose manifest is gone."""
    yield from _list_deletable(snapshots, names.BLOBS)
    for entry in _list_deletable(snapshots, names.FAILED):
        if names.failed_of(entry.key) not in present:
            yield entry
    for entry in _list_deletable(snapshots, names.CLUSTERS):
        parts = entry.key.split("/")
        if len(parts) < 4 or not names.is_id(parts[2]) or parts[3] == names.MANIFEST:  # noqa: PLR2004
            continue
        if parts[3].startswith(names.ARCHIVE) or (parts[1], parts[2]) not in present:
            yield entry


def _list_deletable(snapshots: SnapshotStore, prefix: str) -> Iterator[Entry]:
    """Yield listed objects, except those with names of other tools that kled cannot delete."""
    return (entry for entry in snapshots.store.entries(prefix) if oddity(entry.key) is None)


def _payload_keys(snapshots: SnapshotStore, ref: SnapshotRef) -> list[str]:
    try:
        return [payload.key for payload in snapshots.manifest(ref).payloads]
    except SnapshotMissing:
        return []


def _remove(
    snapshots: SnapshotStore, ref: SnapshotRef, locked: list[str], progress: Progress
) -> bool:
    """Remove a manifest, which removes the snapshot; its proofs become garbage."""
    return _delete(snapshots, names.manifest_key(ref.cluster, ref.id), locked, progress)


def _delete(snapshots: SnapshotStore, key: str, locked: list[str], progress: Progress) -> bool:
    try:
        snapshots.store.delete(key)
    except StoreDenied:
        locked.append(key)
        return False
    progress.done(objects=1)
    return True


def _forget_old_runs(snapshots: SnapshotStore, ledger: Ledger) -> None:
    """Delete old run documents; the newest stay, since they name what must exist."""
    newest = {names.run_key(run.id) for run in ledger.runs.values()}
    entries = list(snapshots.store.entries(names.RUNS))
    old_until = ages.old_until(snapshots, _KEEP_RUNS)
    before = names.RUNS + names.new_id(old_until, b"\0\0")
    for entry in entries[:-1]:
        old = entry.key < before and (entry.modified or ages.NEVER) <= old_until
        if old and entry.key not in newest:
            _delete(snapshots, entry.key, [], Quiet())
