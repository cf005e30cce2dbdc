"""Copy snapshots to a second site."""

from prefect import flow

from kled.operations.keep_state import MirrorSnapshots
from kled.sentences import options
from tasks import operation
from tasks.operation import Outcome


@flow(name="mirror-snapshots", flow_run_name="mirror snapshots", persist_result=False)
@operation.reported
def mirror_snapshots(to: str) -> Outcome:
    """Copy the snapshots that a second store lacks, every byte proved; nothing is deleted there.

    Args:
        to: URL of the second snapshot store.
    """
    mirroring = MirrorSnapshots(to)
    return operation.run(
        mirroring, then=(f"kled snapshot verify --all --level=0 {options(snapshot_store=to)}",)
    )
