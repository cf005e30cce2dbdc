"""Etcd backups that a check found damaged: they count as damaged in later snapshots, too.

A run that copies backups proves the SHA-256 at their end without opening them, so the next run
would otherwise call a broken database sound again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from kled.kops.state_store import layout
from kled.sentences import options
from kled.snapshot.documents.manifest import Manifest, ObjectRecord, Payload
from kled.snapshot.documents.proofs import FailedProof, shorten_findings
from kled.snapshot.trust.failed_checks import FailedCheck
from kled.snapshot.trust.trust import sum_up

FailedBackups = Callable[[str], Mapping[str, str]]
"""Is given a cluster; see `failed_backups`."""
_OPENS_ETCD: Final = 4
_SAYS: Final = "(the check of level 4 of snapshot"


def failed_backups(checks: Iterable[FailedCheck]) -> dict[str, str]:
    """Return why which backups of a cluster failed its `checks`, by the SHA-256 of their data."""
    return {
        data: why
        for manifest, wrong in checks
        if wrong.proof.level == _OPENS_ETCD
        for data, why in _explain_failing(manifest, wrong)
    }


def merge_damage(
    failed: Mapping[str, str], blobs: Mapping[str, Payload], damaged: Mapping[str, str]
) -> dict[str, str]:
    """Return why which backups are damaged, by key, with those whose data failed a check.

    `damaged` are those that are known to be; one of these that rests on a check counts no more
    where that holds now.
    """
    stands = {key: reason for key, reason in damaged.items() if _SAYS not in reason}
    told = {key: failed[blob.sha256] for key, blob in blobs.items() if blob.sha256 in failed}
    return told | stands


def rest_on_check(findings: Iterable[str]) -> bool:
    """Whether findings of a snapshot rest on a check that opened a backup."""
    return any(_SAYS in finding for finding in findings)


def _explain_failing(manifest: Manifest, wrong: FailedProof) -> Iterator[tuple[str, str]]:
    again = options(name=manifest.cluster, snapshot=manifest.id, level=_OPENS_ETCD)
    for record, why in _find_failing(manifest, wrong):
        told = f"{_SAYS} {manifest.id}; again: kled snapshot verify {again})"
        yield record.sha256, f"{why} {told}"


def _find_failing(manifest: Manifest, wrong: FailedProof) -> Iterator[tuple[ObjectRecord, str]]:
    """Yield the backups that a check names; one of an earlier kled names none, and means all."""
    known = {record.key for record in manifest.damaged}
    backups = [
        record
        for record in manifest.objects
        if layout.is_backup_data(record.key) and record.key not in known
    ]
    findings = set(wrong.findings) - set(shorten_findings(manifest.etcd_findings().values()))
    named = {record.key: why for record in backups if (why := _find_named(record.key, findings))}
    for backup in backups if findings else ():
        if backup.key in named or not named:
            yield backup, named.get(backup.key, sum_up(sorted(findings)))


def _find_named(key: str, findings: Collection[str]) -> str:
    """Return what findings say of the object; empty: nothing."""
    return next(
        (
            finding.removeprefix(f"{key}: ")
            for finding in findings
            if finding.startswith(f"{key}: ")
        ),
        "",
    )
