"""Putting the state of a cluster back, and saying where it lives from then on."""

from kled.operations.recovery import raise_epoch as epochs
from kled.operations.recovery import restore_state as restoring
from kled.operations.recovery.restoration import Agreed, RestorationReport
from kled.operations.recovery.restore_state import RESTORES, RestoreState
from kled.operations.step import Step
from kled.snapshot.repository import SnapshotRef
from tasks.running.task import kops_task


@kops_task(RESTORES)
def check_restore(wish: RestoreState) -> Step[Agreed]:
    """Look whether this restore is meant, and what it would write; returns that.

    Changes nothing but that it writes down what `latest` means. Raises `NotApproved` and
    `SnapshotNotTrustworthy`.
    """
    return restoring.check_step(wish)


@kops_task(RESTORES)
def restore_state(wish: RestoreState, agreed: Agreed) -> Step[RestorationReport]:
    """Write what differs; `agreed` is what `check_restore` returned. Nothing is deleted.

    Raises `NotApproved` where somebody else has written there since.
    """
    return restoring.restore_step(wish, lambda: agreed)


@kops_task(RESTORES)
def prove_identity(wish: RestoreState, agreed: Agreed) -> Step:
    """Prove that the definition, every keyset and every secret of the snapshot are there."""
    restored = SnapshotRef(wish.cluster, agreed.wish.snapshot)
    return epochs.identity_step(wish.cluster, wish.wish.place, lambda _: restored)


@kops_task(RESTORES)
def take_first_snapshot(wish: RestoreState) -> Step:
    """Take the first snapshot of a cluster in its new home, before its epoch is raised."""
    return epochs.first_step(wish.cluster, wish.wish.place)


@kops_task(RESTORES)
def raise_epoch(wish: RestoreState, agreed: Agreed) -> Step:
    """Say that the cluster lives where it was restored to; the old side refuses itself then."""
    before = agreed.plan.manifest.state_store
    return epochs.raise_step(wish.cluster, wish.wish.place, of=lambda _: before)


@kops_task(RESTORES)
def say_where_it_lives(wish: RestoreState) -> Step:
    """Say in which state store the cluster lives, where that is another. It only reads."""
    return epochs.place_step(wish.cluster, wish.wish.place)
