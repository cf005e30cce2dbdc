"""Copy snapshots to a second site."""

from kled.operations.keep_state import MirrorSnapshots
from kled.sentences import options
from tasks.running import language, operation
from tasks.running.forms import ClusterName, StoreUrl
from tasks.running.operation import Outcome


@language.flow(name="mirror-snapshots", flow_run_name="mirror snapshots")
@operation.reported
def mirror_snapshots(to: StoreUrl, name: ClusterName | None = None) -> Outcome:
    """Copy the snapshots that a second store lacks, every byte proved; nothing is deleted there.

    Args:
        to: URL of the second snapshot store.
        name: The cluster; all where none is named.
    """
    mirroring = MirrorSnapshots(to, name)
    return operation.run(
        mirroring, then=(f"kled snapshot verify --all --level=0 {options(snapshot_store=to)}",)
    )
