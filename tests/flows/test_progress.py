"""The bar of a long step, on a real Prefect server."""

from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.runtime import flow_run

from kled.models.rolling import Roll
from kled.models.share import Share
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.runner import Row
from kled.operations.step import Step
from tasks.running import progress

pytestmark = pytest.mark.prefect

STEP = Step("rolling update", lambda _session: "")


@flow(name="rolling", persist_result=False)
def rolling() -> str:
    bars = progress.bars(RollCluster("c.example.com", Roll()))
    bars._every = 0.0
    bars.started(STEP)
    for done in (1, 3):
        bars.tell(Share(done, 4, f"{done} of 4 machines replaced"))
        bars.send_newest()
    bars.ended(Row(STEP.name, "failed", 40.0, 1, "halted at <b>node</b>"))
    return str(flow_run.id)


def test_a_bar_is_one_artifact_of_the_run() -> None:
    # fault 59
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(rolling())]))
    with get_client(sync_client=True) as client:
        (bar,) = client.read_artifacts(artifact_filter=wanted)

    assert (bar.type, bar.data) == ("progress", 75.0)
    assert bar.key == "rolling-update-c-example-com-rolling-update"
    assert "rolling update: failed: halted at" in str(bar.description)
    assert "<b>" not in str(bar.description)
