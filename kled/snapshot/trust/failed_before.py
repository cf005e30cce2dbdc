"""Bytes that failed a check fail it in every later snapshot, until they change or it holds.

Whoever makes snapshots proves less than whoever verifies them: without a kops at hand the state
that a kops could not read would be called sound again by the next run.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Final

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.sentences import options
from kled.snapshot.documents.proofs import later, recorded
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust.trust import brief

FailedBefore = Callable[[str, str], tuple[str, ...]]
"""Is given a cluster and the digest of its definition."""
_OF_BYTES: Final = frozenset({1, 2})
"""Levels that look at what the definition holds: not at what is stored, a cloud, or at etcd."""
_SAYS: Final = ", which holds the same objects, failed: "


def failed_before(
    snapshots: SnapshotStore, marked: Collection[tuple[str, str]], cluster: str, digest: str
) -> tuple[str, ...]:
    """Say which snapshots of the cluster hold the same definition and failed a check of it.

    `marked` are clusters and ids for which a check once went wrong: a few requests for each of the
    cluster's, and none else. A check that was repeated and holds counts no more.
    """
    return tuple(_words(snapshots, sorted(marked), cluster, digest))


def are_told(findings: Collection[str]) -> bool:
    """Whether findings of a snapshot rest on a check of another one."""
    return any(_SAYS in words for words in findings)


def _words(
    snapshots: SnapshotStore, marked: Collection[tuple[str, str]], cluster: str, digest: str
) -> Iterator[str]:
    for name, snapshot_id in marked:
        if name != cluster:
            continue
        try:
            manifest = snapshots.manifest(SnapshotRef(name, snapshot_id))
        except (SnapshotMissing, SnapshotNotTrustworthy):
            continue
        if manifest.definition_digest != digest:
            continue
        of_etcd = set(recorded(manifest.etcd_findings().values()))  # it has other bytes
        for wrong in later(snapshots, manifest).failed:
            findings = [finding for finding in wrong.findings if finding not in of_etcd]
            if findings and wrong.proof.level in _OF_BYTES:
                level = wrong.proof.level
                again = options(name=cluster, snapshot=snapshot_id, level=level)
                yield (
                    f"the check of level {level} of snapshot {snapshot_id}{_SAYS}"
                    f"{brief(findings)}; to check again: kled snapshot verify {again}"
                )
