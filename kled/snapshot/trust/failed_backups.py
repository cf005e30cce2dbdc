"""Backups of etcd that a check opened and found damaged: they are so in every later snapshot.

What copies them proves the SHA-256 that they end with, and opens none: a database that is no
database would be called sound again by the next run.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store import layout
from kled.sentences import options
from kled.snapshot.documents.manifest import Manifest, ObjectRecord, Payload
from kled.snapshot.documents.proofs import FailedProof, later, recorded
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust.trust import brief

FailedBackups = Callable[[str], Mapping[str, str]]
"""Is given a cluster; see `failed_backups`."""
_OPENS_ETCD: Final = 4
_SAYS: Final = "(the check of level 4 of snapshot"


def failed_backups(
    snapshots: SnapshotStore, marked: Collection[tuple[str, str]], cluster: str
) -> dict[str, str]:
    """Return why which backups of a cluster failed a check, by the SHA-256 of their data.

    `marked` are clusters and ids for which a check once went wrong: a few requests for each of the
    cluster's, and none else. A check that was repeated and holds counts no more.
    """
    found: dict[str, str] = {}
    for name, snapshot_id in sorted(marked):
        if name != cluster:
            continue
        try:
            manifest = snapshots.manifest(SnapshotRef(name, snapshot_id))
        except (SnapshotMissing, SnapshotNotTrustworthy):
            continue
        for wrong in later(snapshots, manifest).failed:
            if wrong.proof.level == _OPENS_ETCD:
                found |= _of_proof(manifest, wrong)
    return found


def in_the_light_of(
    failed: Mapping[str, str], blobs: Mapping[str, Payload], damaged: Mapping[str, str]
) -> dict[str, str]:
    """Return why which backups are damaged, by key, with those whose data failed a check.

    `damaged` are those that are known to be; one of these that rests on a check counts no more
    where that holds now.
    """
    stands = {key: words for key, words in damaged.items() if _SAYS not in words}
    told = {key: failed[blob.sha256] for key, blob in blobs.items() if blob.sha256 in failed}
    return told | stands


def are_told(findings: Iterable[str]) -> bool:
    """Whether findings of a snapshot rest on a check that opened a backup."""
    return any(_SAYS in words for words in findings)


def _of_proof(manifest: Manifest, wrong: FailedProof) -> Iterator[tuple[str, str]]:
    again = options(name=manifest.cluster, snapshot=manifest.id, level=_OPENS_ETCD)
    for record, words in _failing(manifest, wrong):
        told = f"{_SAYS} {manifest.id}; again: kled snapshot verify {again})"
        yield record.sha256, f"{words} {told}"


def _failing(manifest: Manifest, wrong: FailedProof) -> Iterator[tuple[ObjectRecord, str]]:
    """Yield the backups that a check names; one of an earlier kled names none, and means all."""
    known = {one.key for one in manifest.damaged}
    backups = [
        one for one in manifest.objects if layout.is_backup_data(one.key) and one.key not in known
    ]
    findings = set(wrong.findings) - set(recorded(manifest.etcd_findings().values()))
    named = {one.key: words for one in backups if (words := _named(one.key, findings))}
    for backup in backups if findings else ():
        if backup.key in named or not named:
            yield backup, named.get(backup.key, brief(sorted(findings)))


def _named(key: str, findings: Collection[str]) -> str:
    """Return what findings say of the object; empty: nothing."""
    return next(
        (
            finding.removeprefix(f"{key}: ")
            for finding in findings
            if finding.startswith(f"{key}: ")
        ),
        "",
    )
