"""What is tried again, what is not, and what an operator reads when a flow fails."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow, flow
from prefect.client.schemas.objects import State

from flows.back_up_state import back_up_state
from flows.prune_snapshots import prune_snapshots
from flows.validate_cluster import validate_cluster
from flows.verify_snapshots import verify_snapshots
from kled.errors import ClusterNotFound, ClusterNotReady, DeadlineExceeded, Throttled
from kled.operations.guards.guards import READS
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import Policy
from kled.sandbox import faults
from tasks.running.edge import FlowOutcome
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows import whole
from tests.flows.box import Memory
from tests.flows.server import artifacts, create, ended, log_lines, task_runs

pytestmark = pytest.mark.prefect
QUICK = Policy(9, timedelta(seconds=0.25), 1, timedelta(seconds=1), 0, timedelta(seconds=1))


@dataclass(frozen=True)
class Errands:
    """An operation of one step that fails with each error in turn."""

    errors: tuple[Exception, ...]

    name = "run errands"
    cluster = "errands.example.com"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        left = list(self.errors)

        def act(_session: Session) -> str:
            if left:
                raise left.pop(0)
            return "done in the end"

        return (Step("go", act, QUICK),)


@flow(name="run-errands", persist_result=False)
def run_errands(errors: Any) -> FlowOutcome:
    return whole.run(Errands(errors))


def errands(box: Box, memory: Memory, *errors: Exception) -> State[Any]:
    with call_with(box.settings(), memory):
        return run_errands(errors, return_state=True)


def test_a_throttled_call_is_made_again(box: Box, memory: Memory) -> None:
    faults.inject(box.directory, "throttled", calls=2, verb="get clusters")

    state = create(box, memory)

    assert state.is_completed(), state.message
    assert memory.events.count("retried check settings: Throttled") == 2
    assert task_runs(state, names=5)[0].run_count == 3


def test_a_permanent_error_is_asked_of_kops_exactly_once(box: Box, memory: Memory) -> None:
    with call_with(box.settings(), memory):
        state = validate_cluster("absent.example.com", return_state=True)

    assert isinstance(state.result(raise_on_failure=False), ClusterNotFound)
    asked = [each for each in box.calls() if each != "version"]  # a run's tags name its version
    assert asked == ["validate cluster --name=absent.example.com --output=json"]
    assert memory.events == ["started validate cluster", "failed validate cluster"]


def test_the_state_says_what_kind_of_error_it_was_and_what_to_do(box: Box, memory: Memory) -> None:
    state = errands(box, memory, ClusterNotFound("there is no cluster", hint="look elsewhere"))

    assert state.message == "ClusterNotFound: there is no cluster (hint: look elsewhere)"
    assert "**ClusterNotFound**: there is no cluster" in artifacts(state)[0].data


def test_a_retried_step_says_how_often_it_was_tried(box: Box, memory: Memory) -> None:
    state = errands(box, memory, Throttled("slow down"), Throttled("slow down"))

    assert state.result()["steps"][0]["attempts"] == 3


def test_there_is_one_deadline_over_all_attempts(box: Box, memory: Memory) -> None:
    state = errands(box, memory, *[ClusterNotReady("not yet")] * 9)

    assert isinstance(state.result(raise_on_failure=False), DeadlineExceeded)
    assert 1 < len([one for one in memory.events if one.startswith("retried")]) < 6


def test_a_bug_is_reported_as_one_without_its_secrets(box: Box, memory: Memory) -> None:
    secret = box.env["AWS_SECRET_ACCESS_KEY"]

    state = errands(box, memory, RuntimeError(f"cannot parse {secret}"))

    assert state.message is not None
    assert "unexpected RuntimeError: cannot parse [redacted]" in state.message
    assert any("Traceback" in line for line in log_lines(state))
    assert len(memory.events) == 2


def test_without_a_kops_the_flow_says_what_to_install(
    box: Box, memory: Memory, tmp_path: Path
) -> None:
    with call_with(box.settings(KLED_KOPS=str(tmp_path / "none")), memory):
        state = validate_cluster("any.example.com", return_state=True)

    assert state.message is not None
    assert state.message.startswith("KopsMissing: ")
    assert "hint: " in state.message


@pytest.mark.parametrize("flow", [back_up_state, verify_snapshots, prune_snapshots])
def test_a_scheduled_run_without_a_snapshot_store_says_so_in_one_line(
    box: Box, memory: Memory, flow: Flow[..., Any]
) -> None:
    # fault 15: their schedules are awake
    with call_with(box.settings(), memory):
        state = ended(flow)

    assert state.message is not None
    assert state.message.startswith("SettingsError: no snapshot store is named (hint: ")
    assert "set KLED_SNAPSHOT_STORE" in state.message
    assert "\n" not in state.message


def test_a_scheduled_look_without_a_state_store_says_so_in_one_line(
    box: Box, memory: Memory
) -> None:
    # fault 60
    with call_with(box.settings(KOPS_STATE_STORE=""), memory):
        state = ended(validate_cluster)

    assert state.message is not None
    assert state.message.startswith("SettingsError: no state store is named (hint: ")
    assert "\n" not in state.message


def test_bad_parameters_fail_the_run_before_anything_is_done(box: Box, memory: Memory) -> None:
    with call_with(box.settings(), memory):
        state = validate_cluster("c.example.com", wait="soon", return_state=True)

    assert state.is_failed()
    assert box.calls() == []
