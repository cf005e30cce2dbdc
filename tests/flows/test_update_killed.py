"""A flow run that is killed while its kops is in the middle of an approved update."""

import os
import subprocess
import sys

import pytest
from prefect.settings import PREFECT_API_URL

from flows.update_cluster import update_cluster
from kled.kops.preview import update_plan
from kled.sandbox import control, faults
from tasks.resources import called_by
from tests.flows.box import Box, Memory
from tests.flows.test_kill import running, until
from tests.flows.test_update_cluster import C, words

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def start(box: Box, digest: str) -> "subprocess.Popen[bytes]":
    env = os.environ | box.env | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    run = (sys.executable, "-m", "kled", "run", "update-cluster", f"cluster={C}")
    return subprocess.Popen(
        [*run, f"digest={digest}"], env=env | {"KLED_LEASE_TTL": "5"}, stderr=subprocess.DEVNULL
    )


def preview(box: Box) -> str:
    return box.kops("update", "cluster", f"--name={C}")


def test_the_next_run_does_the_rest_of_the_approved_plan(changed: Box, memory: Memory) -> None:
    changed.kops("edit", "instancegroup", "nodes-us-east-1a", f"--name={C}", "--set=spec.maxSize=3")
    assert "LaunchTemplate/" in preview(changed)
    digest = update_plan(C, preview(changed)).digest[:12]
    faults.inject(
        changed.directory, "cloud-refuses", task="AutoscalingGroup", code="RequestLimitExceeded"
    )
    control.start(changed.directory, speed=1)
    killed = start(changed, digest)
    until(lambda: "--yes=true" in "".join(changed.calls("update")), 120)
    until(lambda: "LaunchTemplate/" not in preview(changed))

    killed.kill()
    killed.wait(30)

    until(lambda: not running(changed), 15)
    control.start(changed.directory, speed=6000)
    faults.clear(changed.directory)
    with called_by(changed.settings(KLED_LEASE_TTL="5"), memory):
        state = update_cluster(C, digest=digest, return_state=True)
    assert state.is_completed(), state.message
    assert words(state)["check approval"].startswith("the rest of the approved plan")
    assert words(state)["update cluster"] == "applied: 1 to modify"
    assert "No changes need to be applied" in preview(changed)
