"""Snapshots of the state of clusters. They work on stores alone: no cluster changes.

Each takes a wish and returns what it did. Of one that raises, the block tells that afterwards:
`reading(..., publish=afterwards(take_snapshots, post))`.
"""

from kled.operations.guards.guards import STORES
from kled.operations.snapshots.back_up import BackUpReport, BackUpState
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.operations.snapshots.over_clusters import ALL
from kled.operations.snapshots.prune import PruneSnapshots, PruningReport
from kled.operations.snapshots.verify import VerificationReport, VerifySnapshots
from kled.operations.step import Step
from kled.snapshot.retention.mirror import MirrorReport
from tasks.running.task import kops_task

__all__ = [
    "ALL",
    "BackUpReport",
    "BackUpState",
    "MirrorSnapshots",
    "PruneSnapshots",
    "VerifySnapshots",
    "mirror_snapshots",
    "prune_snapshots",
    "take_snapshots",
    "verify_snapshots",
]


@kops_task(STORES)
def take_snapshots(wish: BackUpState) -> Step[BackUpReport]:
    """Snapshot the clusters that are named, or all; `rows` of what it returns has one for each.

    Raises where one was not taken, else `SnapshotNotTrustworthy` where one cannot be trusted.
    """
    (step,) = wish.steps()
    return step


@kops_task(STORES)
def verify_snapshots(wish: VerifySnapshots) -> Step[VerificationReport]:
    """Prove one snapshot, or the newest of every cluster and that none was removed.

    Raises `SnapshotNotTrustworthy` where one cannot be trusted.
    """
    (step,) = wish.steps()
    return step


@kops_task(STORES)
def prune_snapshots(wish: PruneSnapshots) -> Step[PruningReport]:
    """Remove what retention does not keep; the newest trusted snapshot always stays."""
    (step,) = wish.steps()
    return step


@kops_task(STORES)
def mirror_snapshots(wish: MirrorSnapshots) -> Step[MirrorReport]:
    """Copy to a second store what it lacks, every byte proved; nothing is deleted there."""
    (step,) = wish.steps()
    return step
