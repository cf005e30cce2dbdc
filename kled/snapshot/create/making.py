"""Writing the snapshot of one cluster: archive, blobs, proofs, and last the manifest.

A run that is killed before the manifest leaves no snapshot, only payloads that prune collects; a
repeat makes another snapshot. Payloads of an earlier manifest are reused: the archive where the
definition's digest is the same, and blobs of the same objects.
"""

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from kled.kops.state_store import contents, derived, keyset_keys, layout
from kled.kops.state_store import locations as places
from kled.snapshot import etcd
from kled.snapshot.create import archive, at_birth, older_backup, payloads
from kled.snapshot.create.halfway import OpenRestores
from kled.snapshot.create.reading import Picture
from kled.snapshot.create.row_words import UNCOPIED
from kled.snapshot.create.selection import Selection
from kled.snapshot.create.spool import Spool
from kled.snapshot.documents.manifest import (
    FORMAT,
    Manifest,
    ObjectRecord,
    Payload,
    complete,
    listing_digest,
)
from kled.snapshot.losses.lost_backups import (
    MAIN,
    LostBackups,
    keep_definition_findings,
    name_others_gone,
)
from kled.snapshot.losses.lost_keysets import FindLost
from kled.snapshot.losses.vanished_groups import describe_vanished_groups
from kled.snapshot.parallel import SizedCall, in_parallel
from kled.snapshot.progress import Progress
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.trust.failed_backups import FailedBackups, merge_damage
from kled.snapshot.trust.failed_before import FailedBefore
from kled.snapshot.trust.trust import birth_findings
from kled.storage.base import Entry, ObjectStore

_MOST_FINDINGS: Final = 50
_LONGEST_FINDING: Final = 500
"""Characters: what a definition holds may be named in it."""
_BLOBS_AT_ONCE: Final = 3
"""Of large ones, one is read while the others are written."""
QUIET_FOR: Final = timedelta(seconds=30)
"""A definition that stayed unchanged for so long is quiescent: no kops is halfway through it."""


@dataclass(frozen=True, slots=True)
class MadeSnapshot:
    """A new snapshot, and what is wrong with the cluster's state in it."""

    manifest: Manifest
    findings: tuple[str, ...]
    remark: str | None = None
    """Why level 2 is not proved, and which groups or backups are gone, where that is to be said."""


@dataclass(frozen=True, slots=True)
class _Definition:
    """What a manifest says of a definition, which was packed for it or for an earlier one."""

    archive: Payload
    archive_of: str
    records: list[ObjectRecord]
    about: dict[str, Any]
    findings: Sequence[str]
    level: int
    of_kops: list[dict[str, object]]
    """The proof of level 2, if any."""
    remark: str | None = None
    damaged: Mapping[str, str] = field(default_factory=dict)
    """Why which derived objects are no use, by key."""


@dataclass(frozen=True, slots=True)
class Making:
    """What all snapshots of a run have in common."""

    state: ObjectStore
    snapshots: SnapshotStore
    progress: Progress
    run: str
    by: str
    retain_until: datetime | None
    kops: at_birth.KopsReader
    """Proves level 2 of what is new."""
    lost: FindLost
    """Names the keysets and secrets that the cluster had and has no more, or with other keys."""
    lost_backups: LostBackups
    """Says that the cluster had a backup of etcd and has none any more."""
    failed: FailedBefore
    """Says that a check failed of the same definition."""
    failed_backups: FailedBackups
    """Says which backups of etcd a check found damaged that copying them does not."""
    halfway: OpenRestores
    """Says that a restore of the cluster is open; asked when the cluster was read."""
    requests: Executor
    one_large_read: threading.Lock = field(default_factory=threading.Lock)
    """Held while a large object is read: the next one is read while this one is written, so that
    both directions of a link are busy, and one spool after the other fills."""
    written: dict[str, Payload] = field(default_factory=dict)
    """The small blobs of this run by digest: clusters may share them."""

    def make(self, picture: Picture, earlier: Manifest | None) -> MadeSnapshot:
        """Write the snapshot of one cluster. `earlier` is one whose recipients are the same."""
        began = time.monotonic()
        snapshot_id = self.snapshots.new_id()
        picture, blobs, damaged = self._copied(picture, earlier)
        chosen = picture.selection
        restoring = self.requests.submit(self.halfway, chosen.cluster)  # all was read
        if earlier is not None and earlier.definition_digest == chosen.definition_digest:
            definition = _carry_over(earlier)
        else:
            definition = self._packed(picture, earlier, snapshot_id, blobs)
        records = [
            *definition.records,
            *(_record(backup, None, blobs) for backup in chosen.backups),
        ]
        now = (*self.lost_backups(chosen, earlier), *filter(None, [restoring.result()]))
        broken = now or MAIN in older_backup.find_broken(chosen, damaged)
        level = 0 if broken else definition.level
        manifest = complete(
            {
                **definition.about,
                **self._facts(picture, snapshot_id, earlier),
                **_describe_damage(chosen, {**definition.damaged, **damaged}),
                "findings": (*definition.findings, *now),
                "archive": definition.archive.model_dump(),
                "archive_of": definition.archive_of,
                "objects": [
                    record.model_dump()
                    for record in sorted(records, key=lambda record: record.key.encode())
                ],
                "blobs": [
                    blobs[key].model_dump() for key in sorted(_find_used_keys(records, blobs))
                ],
                "proofs": [
                    *self._proofs(min(level, 1), time.monotonic() - began),
                    *(definition.of_kops if level else ()),
                ],
            }
        )
        manifest = self.snapshots.commit(manifest, retain_until=self.retain_until)
        remarks = filter(None, (definition.remark, name_others_gone(chosen, earlier)))
        return MadeSnapshot(manifest, birth_findings(manifest), "; ".join(remarks) or None)

    def _packed(
        self,
        picture: Picture,
        earlier: Manifest | None,
        snapshot_id: str,
        blobs: Mapping[str, Payload],
    ) -> _Definition:
        """Look at a definition, write its archive, and let a kops read it."""
        chosen = picture.selection
        small = (entry.key for entry in chosen.definition if entry.key not in blobs)
        bodies = {key: picture.bodies[key] for key in small}
        wrong = tuple(find_definition_faults(chosen, bodies, self.state.location.url))
        lost = self.lost(chosen.cluster, bodies, earlier, wrong)
        findings = _shorten(
            (*wrong, *lost) or self.failed(chosen.cluster, chosen.definition_digest)
        )
        packed = self._archive(chosen.cluster, snapshot_id, bodies)
        keysets = keyset_keys.of_store(bodies)
        about = {
            "kops_version": contents.kops_version(bodies),
            "kubernetes_version": contents.kubernetes_version(bodies),
            "keysets": {name: sorted(held) for name, held in keysets.items()},
        }
        gone = describe_vanished_groups(earlier, [entry.key for entry in chosen.definition])
        read = at_birth.KopsReading() if findings else self.kops.read(chosen.cluster, bodies)
        return _Definition(
            archive=packed,
            archive_of=snapshot_id,
            records=[_record(entry, bodies.get(entry.key), blobs) for entry in chosen.definition],
            about=about,
            findings=findings,
            level=0 if findings else 1,
            of_kops=read.proofs(self.by, self.snapshots.now),
            remark="; ".join(filter(None, (read.unproved, gone))) or None,
            damaged=derived.damage(bodies),
        )

    def _archive(self, cluster: str, snapshot_id: str, bodies: Mapping[str, bytes]) -> Payload:
        """Pack, prove that what was packed reads back as what was read, and write it."""
        packed = archive.pack(bodies)
        expected = [(key, len(bodies[key])) for key in sorted(bodies, key=str.encode)]
        for key, body in archive.unpack(packed, expected, "the new archive"):
            if body != bodies[key]:
                raise AssertionError(f"{key} does not read back from the archive as it was packed")
        return payloads.put_archive(
            self.snapshots, cluster, snapshot_id, packed, retain_until=self.retain_until
        )

    def _copied(
        self, picture: Picture, earlier: Manifest | None
    ) -> tuple[Picture, dict[str, Payload], dict[str, str]]:
        """Copy what is not in the archive; return its blobs, and what is damaged of it, by key.

        Where all backups of an etcd cluster are damaged the picture has an older one, too.
        """
        blobs, damaged = self._blobs(picture, earlier)
        failed = self.failed_backups(picture.selection.cluster)
        damaged = merge_damage(failed, blobs, damaged)
        for name in older_backup.find_broken(picture.selection, damaged):
            taken = older_backup.take_older(
                self.state, picture.selection, name, self._stored, failed
            )
            if taken is not None:
                picture = replace(picture, selection=taken.selection)
                blobs.update(taken.blobs)
        return picture, blobs, damaged

    def _blobs(
        self, picture: Picture, earlier: Manifest | None
    ) -> tuple[dict[str, Payload], dict[str, str]]:
        """Return the blob of each object that is not in the archive, and why it is damaged."""
        known = _index_known_blobs(earlier)
        damaged = {damage.key: damage.reason for damage in earlier.damaged} if earlier else {}
        blobs: dict[str, Payload] = {}
        tasks: list[SizedCall[tuple[str, Payload, str | None]]] = []
        chosen = picture.selection
        held = chosen.held
        large = [entry for entry in chosen.definition if entry.key not in held]
        for entry in (*large, *chosen.backups):
            place = (entry.key, entry.size, entry.tag)
            if place in known:
                blobs[entry.key] = known[place]
            elif entry.key in picture.bodies:
                tasks.append((0, partial(self._small, entry.key, picture.bodies[entry.key])))
            else:
                tasks.append((0, partial(self._stream, chosen.cluster, entry)))
        damaged = {key: reason for key, reason in damaged.items() if key in blobs}
        for key, payload, reason in in_parallel(tasks, threads=_BLOBS_AT_ONCE):
            blobs[key] = payload
            if reason is not None:
                damaged[key] = reason
        return blobs, damaged

    def _small(self, key: str, body: bytes) -> tuple[str, Payload, str | None]:
        digest = hashlib.sha256(body).hexdigest()
        if digest not in self.written:
            self.written[digest] = payloads.put_blob(
                self.snapshots, body, retain_until=self.retain_until
            )
        return key, self.written[digest], _find_trouble(key, [body])

    def _stream(self, cluster: str, entry: Entry) -> tuple[str, Payload, str | None]:
        with Spool() as spool:
            with (
                self.one_large_read,
                self.state.read(f"{cluster}/{entry.key}", tag=entry.tag) as reading,
            ):
                spool.fill(reading.chunks())
            self.progress.done(objects=1, size=spool.size)
            reason = _find_trouble(entry.key, spool)  # while the next one is read
            return entry.key, self._stored(spool), reason

    def _stored(self, spool: Spool) -> Payload:
        return payloads.stream_blob(self.snapshots, spool, retain_until=self.retain_until)

    def _facts(
        self, picture: Picture, snapshot_id: str, earlier: Manifest | None
    ) -> dict[str, Any]:
        chosen, now = picture.selection, self.snapshots.now()
        last = chosen.last_change
        return {
            "format": FORMAT,
            "cluster": chosen.cluster,
            "id": snapshot_id,
            "created": now,
            "state_store": self.state.location.url,
            "previous": earlier.id if earlier else None,
            "run": self.run,
            "quiescent": not picture.fuzzy and last is not None and now - last >= QUIET_FOR,
            "fuzzy": picture.fuzzy,
            "definition_digest": chosen.definition_digest,
            "etcd_backups": chosen.etcd,
            "skipped": [skipped.model_dump() for skipped in chosen.skipped],
            "recipients": self.snapshots.keys.recipients,
        }

    def _proofs(self, level: int, seconds: float) -> list[dict[str, Any]]:
        at = self.snapshots.now()
        return [
            {"level": number, "at": at, "seconds": round(seconds, 3), "by": self.by}
            for number in range(level + 1)
        ]


def _carry_over(earlier: Manifest) -> _Definition:
    return _Definition(
        archive=earlier.archive,
        archive_of=earlier.archive_of,
        records=[record for record in earlier.objects if record.kind != "etcd-backup"],
        about={
            "kops_version": earlier.kops_version,
            "kubernetes_version": earlier.kubernetes_version,
            "keysets": earlier.keysets,
        },
        findings=keep_definition_findings(earlier.findings),
        level=_definition_level(earlier),
        of_kops=at_birth.carry_proofs(earlier),
        damaged=earlier.derived_damage,
    )


def find_definition_faults(
    chosen: Selection, bodies: Mapping[str, bytes], state_store: str
) -> Iterator[str]:
    """Yield what is wrong with a definition, and what the cluster keeps where no snapshot looks."""
    large = {entry.key: entry.size for entry in chosen.definition if entry.key not in bodies}
    yield from contents.findings(bodies, cluster=chosen.cluster, large=large)
    for skipped in chosen.unread:
        yield f"{skipped.key} {UNCOPIED}: {skipped.reason}"
    document = contents.mapping(bodies.get(layout.CONFIG, b"")) or {}
    yield from places.findings(document, places.root_of(state_store, chosen.cluster))


def _find_trouble(key: str, chunks: Iterable[bytes]) -> str | None:
    return etcd.find_trouble(chunks) if layout.is_backup_data(key) else None


def _describe_damage(chosen: Selection, damaged: Mapping[str, str]) -> dict[str, Any]:
    """Return what a manifest says of damage; such backups do not count in its digest of etcd."""
    whole = (
        (backup.key, backup.size, backup.tag)
        for backup in chosen.backups
        if backup.key not in damaged
    )
    return {
        "etcd_digest": listing_digest(whole),
        "damaged": [{"key": key, "reason": damaged[key]} for key in sorted(damaged)],
    }


def _definition_level(earlier: Manifest) -> int:
    """Return the level of an earlier snapshot's definition: etcd may have lowered its own."""
    findings = keep_definition_findings(earlier.findings)
    of_etcd = earlier.damaged or findings != earlier.findings
    return 1 if of_etcd and not findings else earlier.level


def find_referred_payloads(earlier: Manifest, chosen: Selection) -> tuple[Payload, ...]:
    """Return what of an earlier snapshot a new one of `chosen` would refer to, not write again."""
    known = _index_known_blobs(earlier)
    places = ((entry.key, entry.size, entry.tag) for entry in chosen.entries)
    blobs = {known[place].key: known[place] for place in places if place in known}
    same = earlier.definition_digest == chosen.definition_digest
    return (*([earlier.archive] if same else ()), *blobs.values())


def _index_known_blobs(earlier: Manifest | None) -> dict[tuple[str, int, str], Payload]:
    if earlier is None:
        return {}
    blobs = {blob.sha256: blob for blob in earlier.blobs}
    return {
        (record.key, record.size, record.tag): blobs[record.blob]
        for record in earlier.objects
        if record.blob
    }


def _record(entry: Entry, body: bytes | None, blobs: Mapping[str, Payload]) -> ObjectRecord:
    blob = blobs[entry.key] if body is None else None
    return ObjectRecord(
        key=entry.key,
        size=blob.size if blob else len(body or b""),
        sha256=blob.sha256 if blob else hashlib.sha256(body or b"").hexdigest(),
        kind=layout.kind_of(entry.key),
        tag=entry.tag,
        version=entry.version,
        modified=entry.modified,
        blob=blob.sha256 if blob else None,
    )


def _shorten(findings: Sequence[str]) -> tuple[str, ...]:
    """Return what a manifest holds of them: what is wrong with everything needs no more."""
    rest = len(findings) - _MOST_FINDINGS
    more = [f"and {rest} more objects are damaged"] if rest > 0 else []
    return (*(finding[:_LONGEST_FINDING] for finding in findings[:_MOST_FINDINGS]), *more)


def _find_used_keys(records: Iterable[ObjectRecord], blobs: Mapping[str, Payload]) -> list[str]:
    """Return one object's key for each blob that is used."""
    by_digest = {blobs[record.key].sha256: record.key for record in records if record.blob}
    return list(by_digest.values())
