"""Remove the snapshots that retention does not keep."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.operations.keep_state import PruneSnapshots
from tasks import operation, snapshots
from tasks.operation import Outcome

Number = Annotated[int, Field(ge=0, le=100_000)]


@flow(name="prune-snapshots", flow_run_name="prune snapshots", persist_result=False)
@operation.reported
def prune_snapshots(keep: dict[str, Number] | None = None) -> Outcome:
    """Remove what retention does not keep; the newest trusted snapshot always stays.

    Args:
        keep: last, hourly, daily, weekly, monthly, yearly; by default as the settings say.
    """
    pruning = PruneSnapshots(keep or {})
    outcome = operation.run(pruning, then=("kled snapshot list",))
    snapshots.announce_pruning(pruning)
    return outcome
