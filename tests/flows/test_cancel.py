"""A flow run on a worker that somebody cancels takes its kops with it, with or without a worker."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import Cancelling

from deployments.apply import apply
from deployments.environment import Environment
from kled.sandbox import faults
from tests.boxes import Box
from tests.flows.server import SPEC, artifacts_of
from tests.flows.test_kill import running, until
from tests.flows.worker import at_work, unscheduled

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def test_a_cancelled_run_leaves_no_kops_behind_and_says_what_was_done(
    box: Box, worker: Environment
) -> None:
    with get_client(sync_client=True) as client:
        run = begun(client, box, worker)

        client.set_flow_run_state(run, Cancelling())

        ended(client, box, run)
    (summary,) = artifacts_of(run)
    assert "| store definition | done |" in summary.data
    assert "the run was stopped from outside during: update cluster" in summary.data


def test_a_run_whose_worker_was_killed_can_be_cancelled(box: Box, tmp_path: Path) -> None:
    # fault 42: it was "Cancelling" for ever, and kops and lease lived on
    here = Environment("widowed", "widowed")
    with get_client(sync_client=True) as client:
        apply(client, unscheduled(), here)
        with at_work(box, here.work_pool, tmp_path) as worker:
            run = begun(client, box, here)
            worker.kill()
            worker.wait()
            assert running(box)

            client.set_flow_run_state(run, Cancelling())

            ended(client, box, run)
        message = str(client.read_flow_run(run).state)
    assert "it ends itself, since no worker has ended it" in message
    (summary,) = artifacts_of(run)
    assert "the run was stopped from outside during: update cluster" in summary.data


def begun(client: SyncPrefectClient, box: Box, at: Environment) -> UUID:
    """Return a run that waits for a kops that hangs."""
    faults.inject(box.directory, "hang", verb="update cluster")
    parameters: dict[str, Any] = {"spec": SPEC.model_dump(mode="json", exclude_unset=True)}
    deployment = client.read_deployment_by_name(f"create-cluster/{at.name}")
    run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
    until(lambda: box.calls("update") and running(box), 120)
    return run.id


def ended(client: SyncPrefectClient, box: Box, run: UUID) -> None:
    """Wait until kops, run and lease have ended, in this order at most some seconds apart."""
    until(lambda: not running(box), 90)
    until(lambda: client.read_flow_run(run).state_name == "Cancelled", 60)
    leases = box.directory / "state" / ".kled" / "leases"
    assert [json.loads(one.read_bytes())["state"] for one in leases.iterdir()] == ["released"]
