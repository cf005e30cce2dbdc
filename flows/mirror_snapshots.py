"""Copy snapshots to a second site."""

from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.sentences import options
from tasks import snapshots
from tasks.guards import STORES
from tasks.running import language
from tasks.running.block import reading
from tasks.running.edge import FlowOutcome, reported
from tasks.running.parameter_types import ClusterName, StoreUrl


@language.flow(name="mirror-snapshots", flow_run_name="mirror snapshots")
@reported
def mirror_snapshots(to: StoreUrl, name: ClusterName | None = None) -> FlowOutcome:
    """Copy the snapshots that a second store lacks, every byte proved; nothing is deleted there.

    Args:
        to: URL of the second snapshot store.
        name: The cluster; all where none is named.
    """
    mirroring = MirrorSnapshots(to, name)
    then = (f"kled snapshot verify --all --level=0 {options(snapshot_store=to)}",)
    with reading(mirroring.cluster, STORES, called="mirror snapshots", then=then) as done:
        snapshots.mirror_snapshots(mirroring)
    return done.outcome
