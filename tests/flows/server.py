"""What a test asks the Prefect server after a run, and the flows that it runs."""

import time
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import LogSort, TaskRunSort
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL

from flows.create_cluster import create_cluster
from kled.models.spec import ClusterSpec
from tasks.running import progress
from tasks.running.reports import KIND
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory

SPEC = ClusterSpec(name="flow.example.com", cloud="aws", zones=("us-east-1a",), node_count=2)


def create(box: Box, memory: Memory, spec: ClusterSpec = SPEC) -> State[Any]:
    with call_with(box.settings(), memory):
        return create_cluster(spec, box.directory / "kubeconfig", return_state=True)


def ended(flow: Flow[..., Any], *args: Any, **parameters: Any) -> State[Any]:
    """Run a flow of any kind to its final state."""
    state: Any = flow(*args, return_state=True, **parameters)
    assert isinstance(state, State)
    return state


def document(state: State[Any]) -> dict[str, Any]:
    """Return what a completed run says of itself."""
    result = state.result()
    assert isinstance(result, dict)
    return result


def flow_run(state: State[Any]) -> FlowRun:
    assert state.state_details.flow_run_id
    with get_client(sync_client=True) as client:
        return client.read_flow_run(state.state_details.flow_run_id)


def task_runs(state: State[Any], *, names: int) -> list[TaskRun]:
    """Return the task runs in the order of their starts; the server learns of them by events."""
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run(state).id]))
    give_up = time.monotonic() + 30
    while True:
        with get_client(sync_client=True) as client:
            found = client.read_task_runs(
                flow_run_filter=wanted, sort=TaskRunSort.EXPECTED_START_TIME_ASC
            )
        if len([one for one in found if one.state and one.state.is_final()]) >= names:
            return found
        assert time.monotonic() < give_up, f"only {found}"
        time.sleep(0.2)


def artifacts(state: State[Any]) -> list[Any]:
    return artifacts_of(flow_run(state).id)


def artifacts_of(run: UUID) -> list[Any]:
    """Return what a flow run shows, by its id, but its report and the bars of long steps."""
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    return [one for one in found if one.type not in {KIND, progress.KIND}]


def log_lines(state: State[Any]) -> list[str]:
    APILogWorker.drain_all(timeout=10)
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run(state).id]))
    with get_client(sync_client=True) as client:
        found = client.read_logs(log_filter=wanted, limit=200, sort=LogSort.TIMESTAMP_ASC)
        return [one.message for one in found]


def events(cluster: str, *, count: int) -> list[str]:
    """Return the names of the newest events about `cluster`, oldest first, once there are `count`.

    The server answers with 50 at most.
    """
    body = {"filter": {"resource": {"id": [f"kled.cluster.{cluster}"]}, "order": "DESC"}}
    give_up = time.monotonic() + 30
    while True:
        with get_client(sync_client=True) as client:
            found = client._client.post("/events/filter", json=body).json()["events"]
        if len(found) >= count:
            return [one["event"] for one in reversed(found)]
        assert time.monotonic() < give_up, found
        time.sleep(0.2)


def database() -> Path:
    return Path(PREFECT_SERVER_DATABASE_CONNECTION_URL.value().partition(":///")[2])
