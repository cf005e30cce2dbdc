"""Restore a cluster's state from a snapshot."""

from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.snapshots.plan_snapshots import PlanRestore
from tasks import recovery
from tasks.running import language, previews
from tasks.running.block import changing
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import CLUSTER
from tasks.running.parameter_types import ClusterName, Digest, Restorable, StoreUrl


@language.flow(
    name="restore-state", flow_run_name="restore {name} from {snapshot}", earlier=CLUSTER
)
@reported
def restore_state(  # noqa: PLR0913 - what, and how much is meant
    name: ClusterName,
    snapshot: Restorable,
    confirm: ClusterName | None = None,
    digest: Digest | None = None,
    *,
    raise_epoch: bool = False,
    untrusted: bool = False,
    of_state_store: StoreUrl | None = None,
    rewrite_places: bool = False,
    yes: bool = True,
) -> FlowOutcome:
    """Put a cluster's state back as a snapshot has it; what is there now is snapshotted first.

    Nothing is deleted, and nothing is written before every byte was proved. Safe to run again: what
    was interrupted goes on, also with `latest`, which means the same snapshot until it has ended.

    Args:
        name: The cluster.
        snapshot: `latest`, the newest that can be trusted, or an id of `kled snapshot list`.
        confirm: The cluster's name once more; a protected cluster needs it.
        digest: The digest of the plan that was approved, as `kled snapshot restore` prints it.
        raise_epoch: Also say that the cluster lives in this state store from now on.
        untrusted: Restore the snapshot of that id though it cannot be trusted.
        of_state_store: URL of the state store that the snapshot is of, where the cluster was moved.
        rewrite_places: Let the definition name this state store where it names the one before.
        yes: Restore it; else only show what would be written.
    """
    wish = Wish(
        name,
        snapshot,
        untrusted=untrusted,
        of=of_state_store,
        rewrite_places=rewrite_places,
    )
    if not yes:
        return previews.preview_restore(PlanRestore(wish, raise_epoch))
    restoring = RestoreState(wish, confirm, digest, raise_epoch)
    then = (f"kled kops update-cluster --name={name}",)
    with changing(name, restoring.guards, called="restore state", then=then) as done:
        agreed = recovery.check_restore(restoring)
        recovery.restore_state(restoring, agreed)
        if raise_epoch:
            recovery.prove_identity(restoring, agreed)
            recovery.take_first_snapshot(restoring)
            recovery.raise_epoch(restoring, agreed)
    return done.outcome
