"""Snapshot the state of clusters, and say how far back a recovery would go."""

from kled.operations.keep_state import BackUpState
from tasks.running import language, operation, snapshot_table
from tasks.running.forms import ClusterName
from tasks.running.language import Earlier
from tasks.running.operation import Outcome


@language.flow(
    name="back-up-state", flow_run_name="back up state", earlier={"clusters": Earlier("name")}
)
@operation.reported
def back_up_state(name: tuple[ClusterName, ...] = ()) -> Outcome:
    """Snapshot every cluster of the state store, or the named ones.

    Safe to run again and at any time: where nothing is new, nothing is written.

    Args:
        name: The clusters; all where none is named.
    """
    backup = BackUpState(tuple(name) or None)
    outcome = operation.run(backup, then=("kled snapshot list",))
    snapshot_table.publish_backup(backup)
    return outcome
