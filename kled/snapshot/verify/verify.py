"""Checking snapshots: what is stored is read back and proved, level by level.

Level 0: the stored bytes have the manifest's digests. Level 1: all objects read back, complete and
in kops' forms. Level 2: a kops reads them in a scratch state store. Level 4: the etcd backups open.
Level 3, the plan against the live cloud, and level 5, a drill, belong to recovery.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from kled.errors import OtherRecipients, SnapshotNotTrustworthy
from kled.kops.state_store import contents, derived, layout, locations
from kled.sentences import first_of
from kled.snapshot.documents.manifest import Manifest, Payload, Proof
from kled.snapshot.documents.proofs import proofs, read_later
from kled.snapshot.documents.proofs import record as keep_proof
from kled.snapshot.etcd import EtcdContents, inspect
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust.before_keys import speaks_against
from kled.snapshot.trust.ledger import Ledger, read_ledger
from kled.snapshot.trust.trust import trust_of
from kled.snapshot.verify.contents import (
    archived_objects,
    blob_file,
    packed_archive,
    require_stored,
)
from kled.storage.base import ObjectStore

__all__ = ["KopsCheck", "KopsVerdict", "VerifyReport", "find_lost", "proofs", "verify"]

DIGESTS: Final = 0
CONTENTS: Final = 1
KOPS: Final = 2
ETCD: Final = 4
LEVELS: Final = (DIGESTS, CONTENTS, KOPS, ETCD)
_MAIN: Final = "main"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class KopsVerdict:
    """What a kops found when it read the objects in a scratch state store."""

    version: str
    """For example `1.36.2`, or `1.36.2 (simulated)`."""
    simulated: bool
    findings: tuple[str, ...]


KopsCheck = Callable[[str, Mapping[str, bytes]], KopsVerdict]
"""Is given the cluster's name and its objects by relative key."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What checking one snapshot found."""

    ref: SnapshotRef
    wanted: int
    level: int | None
    """The highest level that was reached; None where even the digests are wrong."""
    findings: tuple[str, ...]
    seconds: float
    proofs: tuple[Proof, ...] = ()
    etcd: Mapping[str, EtcdContents] | None = None
    """What level 4 found in each etcd backup, by its object's key."""
    unproved: tuple[str, ...] = ()
    """Why a requested level could not be proved."""
    manifest: Manifest | None = None
    """What was checked; None where it cannot be read."""

    @property
    def trustworthy(self) -> bool:
        """Whether all that was asked for holds."""
        return not self.findings

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.ref.cluster,
            "id": self.ref.id,
            "wanted": self.wanted,
            "level": self.level,
            "trustworthy": self.trustworthy,
            "findings": list(self.findings),
            "seconds": round(self.seconds, 3),
            "etcd": {key: backup.as_json() for key, backup in (self.etcd or {}).items()},
            "unproved": list(self.unproved),
        }

    def require(self) -> "VerifyReport":
        """Raise `SnapshotNotTrustworthy` where something is wrong."""
        if self.findings:
            raise SnapshotNotTrustworthy(
                f"snapshot {self.ref.id} of {self.ref.cluster}: {first_of(self.findings, 1)}",
                hint=f"kled snapshot list --name={self.ref.cluster} shows others",
            )
        return self


def verify(  # noqa: PLR0913 - what, how far, by what, and what is known of the store
    snapshots: SnapshotStore,
    ref: SnapshotRef,
    *,
    level: int,
    by: str,
    kops_check: KopsCheck | None = None,
    record: bool = True,
    ledger: Ledger | None = None,
    checked: Collection[int] | None = None,
) -> VerifyReport:
    """Check one snapshot up to `level`; damage is in the report, never raised.

    Other reasons to distrust the snapshot (`trust`) are findings, too: passing this check does not
    complete a snapshot that was incomplete when it was taken, nor undo an earlier failure of
    another level. With a `ledger`, a snapshot from before its cluster was applied is a finding as
    well (`before_keys`). `checked` are the levels that have a document of a later check, where a
    listing has told them; otherwise they cost a LIST.

    Level 2 is left out without a `kops_check`, and a simulated kops proves nothing. With `record`
    the newest proof of each level is kept as `verified/<level>.json`. Where the identity does not
    open the snapshot, its digests are proved, and this report alone has a finding about the
    identity. Raises what prevents the check: a store that does not answer, a missing identity.
    """
    began = time.monotonic()
    check = _Check(snapshots, ref, by, kops_check, ledger, checked)
    try:
        check.run(level)
    except SnapshotNotTrustworthy as error:
        check.findings.append(error.message)
    except OtherRecipients as error:
        check.run_unopened(error.message)
    kept = check.kept() if record else ()
    return VerifyReport(
        ref,
        level,
        max((proof.level for proof in check.proofs), default=None),
        tuple(dict.fromkeys((*check.findings, *check.standing_against()))),
        time.monotonic() - began,
        tuple(check.proofs),
        check.etcd or None,
        (*check.unproved, *kept),
        check.manifest,
    )


def find_lost(
    snapshots: SnapshotStore,
    present: Collection[SnapshotRef],
    state: ObjectStore | None = None,
) -> tuple[SnapshotRef, ...]:
    """Return the snapshots that recent runs or `state` name and that are missing from `present`.

    Snapshots that a prune removed are left out; the others were removed by a person, a lifecycle
    rule or an attacker.
    """
    return read_ledger(snapshots, state).lost(present)


def _is_judged(key: str) -> bool:
    """Say whether a level examines the content of the object."""
    return layout.kind_of(key) == "derived" or contents.is_read(key)


class _Check:
    """The check of one snapshot; each level uses what the one before it has read."""

    def __init__(
        self,
        snapshots: SnapshotStore,
        ref: SnapshotRef,
        by: str,
        kops_check: KopsCheck | None,
        ledger: Ledger | None,
        checked: Collection[int] | None,
    ) -> None:
        self._snapshots = snapshots
        self._checked = checked
        self._ref = ref
        self._by = by
        self._kops_check = kops_check
        self._ledger = ledger
        self._bodies: dict[str, bytes] = {}
        self.findings: list[str] = []
        self.proofs: list[Proof] = []
        self.etcd: dict[str, EtcdContents] = {}
        self.unproved: list[str] = []
        self.manifest: Manifest | None = None
        self._under_way = DIGESTS
        self._proves = True
        self._began = time.monotonic()

    def kept(self) -> tuple[str, ...]:
        """Record proofs and failures; return the reasons for what could not be recorded."""
        if self.manifest is None:
            return ()
        results: list[tuple[Proof, list[str]]] = [(proof, []) for proof in self.proofs]
        if self.findings and self._proves:
            results.append((self._proof(self._under_way, self._began, None), self.findings))
        keep = partial(keep_proof, self._snapshots, self.manifest)
        return tuple(reason for result in results if (reason := keep(*result)) is not None)

    def standing_against(self) -> tuple[str, ...]:
        """Return the reasons to distrust the snapshot beyond what was checked now."""
        if self.manifest is None:
            return ()
        checked = {proof.level for proof in self.proofs}
        if self.findings:
            checked.add(self._under_way)
        beside = read_later(
            self._snapshots, self.manifest, self._checked, but=checked
        )  # those would be this check's
        reasons = trust_of(self.manifest, beside).reasons
        before = speaks_against(self._ledger, self.manifest) if self._ledger else ""
        return (*reasons, before) if before else reasons

    def run(self, level: int) -> None:
        """Check level by level, until something is wrong."""
        manifest = self.manifest = self._snapshots.manifest(self._ref)
        if level == DIGESTS:
            return self._level(DIGESTS, partial(self._digests, manifest))
        self._level(DIGESTS, partial(self._payloads, manifest))
        self._level(CONTENTS, partial(self._forms, manifest))
        if level >= KOPS and self._kops_check is not None:
            self._level(KOPS, partial(self._kops, manifest, self._kops_check))
        if level >= ETCD and any(layout.is_backup_data(record.key) for record in manifest.objects):
            self._level(ETCD, partial(self._etcd, manifest))
        elif level >= ETCD:
            self.unproved.append("level 4: the snapshot holds no etcd backup that could be opened")
        return self._known_damage(manifest)

    def run_unopened(self, why: str) -> None:
        """Check the digests of a snapshot that the identity does not open."""
        if self.manifest is not None:
            self._level(DIGESTS, partial(self._digests, self.manifest))
        self._proves = bool(self.findings)
        self.findings.append(why)

    def _known_damage(self, manifest: Manifest) -> None:
        """Say which etcd backups were damaged when they were copied, which level 4 leaves out.

        Without a whole backup of `main` the snapshot cannot bring people's objects back.
        """
        for etcd, finding in manifest.etcd_findings().items():
            if etcd == _MAIN and not manifest.whole_backups(etcd):
                self.findings += [] if self.findings else [finding]
            else:
                self.unproved.append(finding)

    def _level(self, level: int, check: Callable[[], str | None]) -> None:
        """Run one level's check, unless a lower one failed, and add its proof.

        The check returns the kops that it used, if any; a simulated one proves nothing.
        """
        if self.findings:
            return
        self._under_way, self._began = level, time.monotonic()
        kops = check()
        if not self.findings and not (level == KOPS and kops is None):
            self.proofs.append(self._proof(level, self._began, kops))

    def _proof(self, level: int, began: float, kops: str | None) -> Proof:
        seconds = round(time.monotonic() - began, 3)
        at = self._snapshots.now()
        return Proof(level=level, at=at, seconds=seconds, by=self._by, kops=kops)

    def _digests(self, manifest: Manifest) -> None:
        what = f"of {manifest.cluster} {manifest.id}"
        for payload in manifest.payloads:
            name = "archive" if payload is manifest.archive else f"blob {payload.sha256[:12]}"
            self._collect(partial(require_stored, self._snapshots, payload, f"the {name} {what}"))

    def _payloads(self, manifest: Manifest) -> None:
        """Prove the digests of the stored bytes and of their content in one reading."""
        packed = packed_archive(self._snapshots, manifest)
        self._bodies = {
            record.key: body if self._kops_check or _is_judged(record.key) else b""
            for record, body in archived_objects(manifest, packed)
        }
        for blob in manifest.blobs:
            self._collect(partial(self._read_blob, blob))

    def _read_blob(self, blob: Payload) -> None:
        blob_file(self._snapshots, blob).close()

    def _forms(self, manifest: Manifest) -> None:
        large = {record.key: record.size for record in manifest.objects if record.blob}
        self.findings += contents.findings(self._bodies, cluster=manifest.cluster, large=large)
        document = contents.mapping(self._bodies.get(layout.CONFIG, b"")) or {}
        root = locations.root_of(manifest.state_store, manifest.cluster)
        self.findings += locations.findings(document, root)
        self.unproved += derived.told(derived.damage(self._bodies))

    def _kops(self, manifest: Manifest, check: KopsCheck) -> str | None:
        verdict = check(manifest.cluster, self._bodies)
        self.findings += verdict.findings
        if verdict.simulated:
            self._proves = not verdict.findings
            self.unproved.append("level 2: read by a simulated kops, which proves nothing")
            return None
        return verdict.version

    def _etcd(self, manifest: Manifest) -> None:
        encrypted = any(record.key == layout.ENCRYPTION_CONFIG for record in manifest.objects)
        blobs = {blob.sha256: blob for blob in manifest.blobs}
        known = {damage.key for damage in manifest.damaged}
        for record in manifest.objects:
            place = layout.backup_place(record.key)
            if record.key in known and place and manifest.whole_backups(place[0]):
                continue
            if record.blob and layout.is_backup_data(record.key):
                self._collect(
                    partial(self._open_named, record.key, blobs[record.sha256], encrypted)
                )

    def _open_named(self, key: str, blob: Payload, encrypted: bool) -> None:  # noqa: FBT001
        """Open a backup; a failure names its key, for other snapshots that hold it, too."""
        try:
            self._open(key, blob, encrypted)
        except SnapshotNotTrustworthy as error:
            raise SnapshotNotTrustworthy(f"{key}: {error.message}") from error

    def _open(self, key: str, blob: Payload, encrypted: bool) -> None:  # noqa: FBT001
        with blob_file(self._snapshots, blob) as file:
            file.seek(0)
            backup = inspect(iter(lambda: file.read(_CHUNK), b""))
        self.etcd[key] = backup
        if encrypted:
            backup.require_encrypted_secrets()

    def _collect(self, check: Callable[[], None]) -> None:
        """Add the damage of one object to the findings, so that the next one is checked, too."""
        try:
            check()
        except SnapshotNotTrustworthy as error:
            self.findings.append(error.message)
