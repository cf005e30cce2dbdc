"""What a snapshot store has of a cluster: the newest snapshot to trust, and where it lived."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kled.errors import InvalidInput, KledError, SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store import layout
from kled.kops.state_store.etcd_catalogue import catalogue
from kled.recovery.evidence import BackupLeft, HomeLeft, SnapshotsLeft
from kled.snapshot.choosing import LATEST, make_choice
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.epoch import epoch
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import archived_objects, packed_archive
from kled.storage.base import ObjectStore

if TYPE_CHECKING:
    from kled.recovery.facts import End

_BACKUPS: Final = "backups/etcd/"


@dataclass(frozen=True, slots=True)
class Kept:
    """The snapshots of a cluster, and what the newest one to trust holds."""

    left: SnapshotsLeft
    manifest: Manifest | None = None
    objects: Mapping[str, bytes] = field(default_factory=dict)
    """What its archive holds, by relative key; empty where it cannot be opened here."""


def look_at_home(snapshots: SnapshotStore, cluster: str, typed: str, state_store: str) -> HomeLeft:
    """Return where the cluster lives by its epoch. One GET.

    `typed` is the state store's URL as the settings have it, `state_store` as manifests do. Raises
    `SnapshotNotTrustworthy` where the epoch is damaged or not signed.
    """
    known = epoch.read(snapshots, cluster)
    if known is None:
        return HomeLeft()
    if typed and state_store:
        known = epoch.respell(known, typed, state_store)
    end: End = "begun" if known.ends else "none"
    if known.vacant and known.past:
        end = "deleted"
    elif known.unregistered:
        end = "unregistered"
    return HomeLeft(known.number, known.state_store, end, known.final)


def look_at_snapshots(
    snapshots: SnapshotStore, cluster: str, state: ObjectStore | None = None
) -> Kept:
    """Return the snapshots of the cluster, and open the newest one to trust.

    `state` is asked what it remembers of them. Two LISTs and some GETs. Raises what the snapshot
    store raises.
    """
    ids = tuple(ref.id for ref in snapshots.list(cluster))
    left = SnapshotsLeft(snapshots.url, len(ids), max(ids, default=None))
    try:
        choice = make_choice(snapshots, cluster, LATEST, state=state)
        manifest = snapshots.manifest(choice.ref)
    except (SnapshotMissing, SnapshotNotTrustworthy) as error:
        return Kept(replace(left, why_none="; ".join(filter(None, (error.message, error.hint)))))
    told = replace(
        left,
        trusted=choice.ref.id,
        passed_over=choice.passed_over(),
        level=choice.judged.trust.level if choice.judged else manifest.level,
        created=manifest.created,
        state_store=manifest.state_store,
        encrypted=manifest.archive.encrypted,
        backups=tuple(backups_in(manifest)),
    )
    return _opened(snapshots, manifest, told)


def _opened(snapshots: SnapshotStore, manifest: Manifest, told: SnapshotsLeft) -> Kept:
    try:
        packed = packed_archive(snapshots, manifest)
        objects = {record.key: body for record, body in archived_objects(manifest, packed)}
    except (InvalidInput, SnapshotNotTrustworthy) as error:
        return Kept(replace(told, readable=False, why_sealed=_why(error)), manifest)
    return Kept(replace(told, readable=True), manifest, objects)


def _why(error: KledError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message


def backups_in(manifest: Manifest) -> Iterator[BackupLeft]:
    """Yield the newest complete backup of each etcd cluster that a snapshot holds.

    A run reads each backup to the end, so what it does not call damaged is proved.
    """
    damaged = {layout.backup_place(each.key) for each in manifest.damaged}
    for etcd in sorted(manifest.etcd_backups):
        place = f"{_BACKUPS}{etcd}/"
        whole = (
            backup
            for backup in catalogue(etcd, manifest.objects, place).backups
            if backup.complete and (etcd, backup.name) not in damaged
        )
        newest = next(whole, None)
        if newest is not None:
            source = f"snapshot {manifest.id}"
            yield BackupLeft(etcd, newest.name, newest.named, source, proved=True)
