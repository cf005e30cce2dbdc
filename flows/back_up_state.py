"""Snapshot the state of clusters, and say how far back a recovery would go."""

from prefect import flow

from kled.operations.keep_state import BackUpState
from tasks import operation, snapshots
from tasks.operation import Outcome


@flow(name="back-up-state", flow_run_name="back up state", persist_result=False)
@operation.reported
def back_up_state(clusters: list[str] | None = None) -> Outcome:
    """Snapshot every cluster of the state store, or the named ones.

    Safe to run again and at any time: where nothing is new, nothing is written.

    Args:
        clusters: Names of clusters; by default all.
    """
    backup = BackUpState(tuple(clusters) if clusters else None)
    outcome = operation.run(backup, then=("kled snapshot list",))
    snapshots.publish_backup(backup)
    return outcome
