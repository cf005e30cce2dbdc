"""The flows roll-cluster and scale-instance-group, and what a kill in the middle leaves."""

import os
import subprocess
import sys
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL

from flows.roll_cluster import roll_cluster
from flows.scale_instance_group import scale_instance_group
from kled.errors import ApiUnreachable, DefinitionRejected, NotApproved
from kled.kubernetes.client import connect
from kled.kubernetes.nodes import nodes
from kled.sandbox import control
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import ended, events, task_runs
from tests.flows.test_kill import running, until

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
C = "flow.example.com"
GROUP = "nodes-us-east-1a"


@pytest.fixture
def outdated(changed: Box) -> Box:
    """Two workers run another machine type than the definition says."""
    changed.must("update", "cluster", f"--name={C}", "--yes")
    return changed


def run(box: Box, memory: Memory, flow: Any, *args: Any, **parameters: Any) -> State[Any]:
    with call_with(box.settings(KLED_LEASE_TTL="5"), memory):
        return ended(flow, C, *args, **parameters)


def words(state: State[Any]) -> dict[str, str]:
    return {row["step"]: row["words"] for row in state.result()["steps"]}


def marked(box: Box) -> list[str]:
    """Nodes that are cordoned, or tainted for a roll."""
    path = box.directory / "look"
    box.must("export", "kubeconfig", f"--name={C}", "--admin", f"--kubeconfig={path}")
    with connect(path) as api:
        return [
            one.name
            for one in nodes(api)
            if one.cordoned or any("scheduled-for" in taint.key for taint in one.taints)
        ]


def ready(box: Box) -> int:
    path = box.directory / "look"
    box.must("export", "kubeconfig", f"--name={C}", "--admin", f"--kubeconfig={path}")
    with connect(path) as api:
        try:
            return sum(one.ready for one in nodes(api))
        except ApiUnreachable:
            return 0


def killed(box: Box, flow: str, *arguments: str) -> "subprocess.Popen[bytes]":
    env = os.environ | box.env | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    return subprocess.Popen(
        [sys.executable, "-m", "kled", "run", flow, f"name={C}", "--yes", *arguments],
        env=env | {"KLED_LEASE_TTL": "5"},
        stderr=subprocess.DEVNULL,
    )


def test_a_roll_looks_first_and_replaces_what_is_out_of_date(outdated: Box, memory: Memory) -> None:
    state = run(outdated, memory, roll_cluster)

    assert state.is_completed(), state.message
    looks = ["plan", "check identity", "check approval", "check before rolling"]
    names = [*looks, "rolling update", f"roll {GROUP}: 2 machines"]
    assert [one.name for one in task_runs(state, names=6)] == names
    assert words(state)["rolling update"] == f"rolled {GROUP} (2)"
    until(lambda: "kled.cluster.rolled" in events(C, count=1))  # other tests are on the server
    assert marked(outdated) == []
    again = run(outdated, memory, roll_cluster)
    assert words(again)["rolling update"] == "no machine needs to be replaced"


def test_a_roll_that_is_not_the_approved_one_is_refused(outdated: Box, memory: Memory) -> None:
    state = run(outdated, memory, roll_cluster, digest="0" * 12)

    assert isinstance(state.result(raise_on_failure=False), NotApproved)
    assert f"it replaces 2 of {GROUP}" in str(state.message)
    assert not [call for call in outdated.calls("rolling-update") if "--yes=true" in call]


def test_a_roll_that_is_killed_at_a_drained_node_is_ended_by_the_next_run(
    outdated: Box, memory: Memory
) -> None:
    control.start(outdated.directory, speed=20, api_idle=60)  # makes machines young again
    until(lambda: ready(outdated) == 3, 60)
    victim = killed(outdated, "roll-cluster")
    until(lambda: any("--yes=true" in call for call in outdated.calls("rolling-update")), 120)
    until(lambda: marked(outdated), 120)

    victim.kill()
    victim.wait(30)
    until(lambda: not running(outdated), 30)
    control.start(outdated.directory, speed=6000, api_idle=60)

    state = run(outdated, memory, roll_cluster)
    assert state.is_completed(), state.message
    assert marked(outdated) == []
    preview = outdated.must("rolling-update", "cluster", f"--name={C}")
    assert "No rolling-update required" in preview


def test_a_scale_down_that_is_killed_while_it_drains_is_ended_by_the_next_run(
    changed: Box, memory: Memory
) -> None:
    changed.must("edit", "instancegroup", GROUP, f"--name={C}", "--set=spec.machineType=t3.medium")
    victim = killed(changed, "scale-instance-group", f"instance_group={GROUP}", "min=1", "max=1")
    journal = changed.directory / "state" / ".kled" / "scales" / f"{C}.json"
    until(journal.exists, 120)

    victim.kill()
    victim.wait(30)
    until(lambda: not running(changed), 30)

    state = run(changed, memory, scale_instance_group, GROUP, min=1, max=1)
    assert state.is_completed(), state.message
    assert not journal.exists()
    assert marked(changed) == []
    group = (changed.directory / "state" / C / "instancegroup" / GROUP).read_text()
    assert "maxSize: 1" in group
    assert "suspendProcesses" not in group
    kinds = [
        one for one in changed.must("get", "instances", f"--name={C}").splitlines() if GROUP in one
    ]
    assert len(kinds) == 1


def test_a_scale_that_cannot_be_is_refused_before_anything(changed: Box, memory: Memory) -> None:
    changed.must("edit", "instancegroup", GROUP, f"--name={C}", "--set=spec.machineType=t3.medium")

    state = run(changed, memory, scale_instance_group, "control-plane-us-east-1a", min=0, max=0)

    assert isinstance(state.result(raise_on_failure=False), DefinitionRejected)
    assert not [call for call in changed.calls("update") if "--yes=true" in call]


def test_the_form_of_scaling_takes_no_number_that_no_definition_can_hold() -> None:
    for name in ("min", "max"):
        number = scale_instance_group.parameters.properties[name]["anyOf"][0]
        assert (number["minimum"], number["maximum"]) == (0, 2**31 - 1)
