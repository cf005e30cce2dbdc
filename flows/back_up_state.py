"""Snapshot the state of clusters, and say how far back a recovery would go."""

from functools import partial

from kled.operations.snapshots.back_up import BackUpState
from tasks import snapshots
from tasks.guards import STORES
from tasks.running import language, snapshot_table
from tasks.running.block import reading
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import EarlierSpelling
from tasks.running.parameter_types import ClusterName
from tasks.running.results import afterwards


@language.flow(
    name="back-up-state",
    flow_run_name="back up state",
    earlier={"clusters": EarlierSpelling("name")},
)
@reported
def back_up_state(name: tuple[ClusterName, ...] = ()) -> FlowOutcome:
    """Snapshot every cluster of the state store, or the named ones.

    Safe to run again and at any time: where nothing is new, nothing is written.

    Args:
        name: The clusters; all where none is named.
    """
    backup = BackUpState(tuple(name) or None)
    publish = afterwards(snapshots.take_snapshots, partial(snapshot_table.publish_backup, backup))
    then = ("kled snapshot list",)
    with reading(backup.cluster, STORES, called=backup.name, then=then, publish=publish) as done:
        snapshots.take_snapshots(backup)
    return done.outcome
