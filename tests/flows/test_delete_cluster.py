"""The flow delete-cluster, on a real Prefect server and the simulated kops, also when killed."""

import os
import subprocess
import sys
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL

from flows.delete_cluster import delete_cluster
from kled.errors import ClusterNotFound, NotApproved
from kled.sandbox import control, faults
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts, events, task_runs
from tests.flows.test_kill import running, until
from tests.flows.test_update_cluster import C, words

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def kept(box: Box) -> dict[str, str]:
    return {"KLED_SNAPSHOT_STORE": (box.directory / "snapshots").as_uri()}


def delete(box: Box, memory: Memory, *, env: dict[str, str], **parameters: Any) -> State[Any]:
    with call_with(box.settings(**kept(box), **env), memory):
        return delete_cluster(C, return_state=True, **parameters)


def gone(box: Box) -> bool:
    return not (box.directory / "state" / C).exists()


def start(box: Box) -> "subprocess.Popen[bytes]":
    env = os.environ | box.env | kept(box) | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    run = (sys.executable, "-m", "kled", "run", "delete-cluster", f"name={C}", "--yes")
    return subprocess.Popen(run, env=env | {"KLED_LEASE_TTL": "5"}, stderr=subprocess.DEVNULL)


def test_a_deletion_plans_keeps_all_deletes_and_proves_it(changed: Box, memory: Memory) -> None:
    state = delete(changed, memory, env={})

    assert state.is_completed(), state.message
    steps = [
        "plan",
        "check epoch",
        "check IAM roles",
        "check where its state is",
        "check protection",
        "take the final snapshot",
    ]
    more = ["announce deletion", "delete cluster", "prove that nothing is left", "end epoch"]
    assert [run.name for run in task_runs(state, names=10)] == steps + more
    said = words(state)
    assert said["prove that nothing is left"] == "no object is left; kops finds no cloud resources"
    assert gone(changed)
    until(lambda: "kled.cluster.deleted" in events(C, count=0))  # other tests are on the server
    plan = next(one for one in artifacts(state) if one.key == "plan-flow-example-com")
    assert "- delete vpc/flow.example.com" in plan.data
    assert "- delete etcd backups/flow.example.com" in plan.data


def test_a_protected_cluster_needs_its_name_and_a_changed_plan_its_approval(
    changed: Box, memory: Memory
) -> None:
    unnamed = delete(changed, memory, env={"KLED_PROTECTED": "flow.*"})
    other = delete(changed, memory, env={}, digest="0123456789ab")

    for state, said in ((unnamed, f"--confirm={C}"), (other, "not 0123456789ab")):
        assert isinstance(state.result(raise_on_failure=False), NotApproved)
        assert said in str(state.message)
    assert not gone(changed)
    named = delete(changed, memory, env={"KLED_PROTECTED": "flow.*"}, confirm=C)
    assert named.is_completed(), named.message
    again = delete(changed, memory, env={})
    assert isinstance(again.result(raise_on_failure=False), ClusterNotFound)


def test_a_run_killed_while_kops_deletes_is_ended_by_the_next(changed: Box, memory: Memory) -> None:
    cloud = changed.directory / "cloud" / "123456789012" / "us-east-1.json"
    before = cloud.read_text()
    control.start(changed.directory, speed=1)
    killed = start(changed)
    until(lambda: "--yes=true" in "".join(changed.calls("delete cluster")), 120)
    until(lambda: cloud.read_text() != before)

    killed.kill()
    killed.wait(30)

    until(lambda: not running(changed), 15)
    control.start(changed.directory, speed=6000)
    faults.clear(changed.directory)
    state = delete(changed, memory, env={"KLED_LEASE_TTL": "5"})
    assert state.is_completed(), state.message
    assert gone(changed)
    assert words(state)["prove that nothing is left"].endswith("kops finds no cloud resources")
