"""A flow run that is killed while its kops is in the middle of an approved update."""

import json
import os
import subprocess
import sys

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelling

from deployments.environment import Environment
from flows.update_cluster import update_cluster
from kled.kops.preview import update_plan
from kled.sandbox import control, faults
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts_of
from tests.flows.test_kill import running, until
from tests.flows.test_update_cluster import C, words

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def start(box: Box, digest: str) -> "subprocess.Popen[bytes]":
    env = os.environ | box.env | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    run = (sys.executable, "-m", "kled", "run", "update-cluster", f"name={C}", "--yes")
    return subprocess.Popen(
        [*run, f"digest={digest}"], env=env | {"KLED_LEASE_TTL": "5"}, stderr=subprocess.DEVNULL
    )


def preview(box: Box) -> str:
    return box.must("update", "cluster", f"--name={C}")


@pytest.fixture
def digest(changed: Box) -> str:
    """The digest of a plan whose second half the cloud throttles for ever."""
    changed.must("edit", "instancegroup", "nodes-us-east-1a", f"--name={C}", "--set=spec.maxSize=3")
    faults.inject(
        changed.directory, "cloud-refuses", task="AutoscalingGroup", code="RequestLimitExceeded"
    )
    control.start(changed.directory, speed=1)
    return update_plan(C, preview(changed)).digest[:12]


def halfway(box: Box) -> None:
    """Wait until kops has done the first half."""
    until(lambda: "--yes=true" in "".join(box.calls("update")), 120)
    until(lambda: "LaunchTemplate/" not in preview(box))


def mend(box: Box) -> None:
    until(lambda: not running(box), 60)
    control.start(box.directory, speed=6000)
    faults.clear(box.directory)


def test_the_next_run_does_the_rest_of_the_approved_plan(
    changed: Box, memory: Memory, digest: str
) -> None:
    killed = start(changed, digest)
    halfway(changed)

    killed.kill()
    killed.wait(30)

    mend(changed)
    with call_with(changed.settings(KLED_LEASE_TTL="5"), memory):
        state = update_cluster(C, digest=digest, return_state=True)
    assert state.is_completed(), state.message
    assert words(state)["check approval"].startswith("the rest of the plan with the digest")
    assert words(state)["update cluster"] == "applied: 1 to modify"
    assert "No changes need to be applied" in preview(changed)


def test_a_cancelled_update_stops_kops_and_says_what_was_done(
    changed: Box, digest: str, worker: Environment
) -> None:
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"update-cluster/{worker.name}")
        parameters = {"name": C, "digest": digest}
        run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        halfway(changed)

        client.set_flow_run_state(run.id, Cancelling())

        mend(changed)
        until(lambda: client.read_flow_run(run.id).state_name == "Cancelled", 60)
    summary = next(one for one in artifacts_of(run.id) if one.key.startswith("update-cluster"))
    assert "| check approval | done |" in summary.data
    assert "the run was stopped from outside during: update cluster" in summary.data
    (lease,) = (changed.directory / "state" / ".kled" / "leases").iterdir()
    assert json.loads(lease.read_bytes())["state"] == "released"
