"""A flow run on a worker that somebody cancels takes its kops with it."""

import json
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.states import Cancelling

from deployments.environment import Environment
from kled.sandbox import faults
from tests.flows.box import Box
from tests.flows.server import SPEC, artifacts_of
from tests.flows.test_kill import running, until

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def test_a_cancelled_run_leaves_no_kops_behind_and_says_what_was_done(
    box: Box, worker: Environment
) -> None:
    faults.inject(box.directory, "hang", verb="update cluster")
    parameters: dict[str, Any] = {"spec": SPEC.model_dump(mode="json", exclude_unset=True)}
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"create-cluster/{worker.name}")
        run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        until(lambda: box.calls("update") and running(box), 120)

        client.set_flow_run_state(run.id, Cancelling())

        until(lambda: not running(box), 60)
        until(lambda: client.read_flow_run(run.id).state_name == "Cancelled", 60)

    (summary,) = artifacts_of(run.id)
    assert "| store definition | done |" in summary.data
    assert "the run was stopped from outside during: update cluster" in summary.data
    leases = box.directory / "state" / ".kled" / "leases"
    assert [json.loads(one.read_bytes())["state"] for one in leases.iterdir()] == ["released"]
