"""A run that waits for another writer shows it as a task, with whom it waits for."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect import flow

from kled.errors import LeaseHeld
from kled.lease.document import Lease, Writer, encode, key
from kled.operations.guards.guards import STORES
from kled.operations.session import Session
from kled.operations.step import Step
from tasks.running.edge import FlowOutcome
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows import whole
from tests.flows.box import Memory
from tests.flows.server import ended, task_runs

pytestmark = pytest.mark.prefect
C = "held.example.com"
OTHER = Writer("flow update-cluster on worker-2", "0b-12", "worker-2", 7)


@dataclass(frozen=True)
class Change:
    """An operation of one step that needs the lease."""

    name = "change cluster"
    cluster = C
    guards = replace(STORES, lease=True)

    def steps(self) -> tuple[Step, ...]:
        def act(_session: Session) -> str:
            return "changed"

        return (Step("change", act),)


@flow(name="change-cluster", persist_result=False)
def change_cluster() -> FlowOutcome:
    return whole.run(Change())


def hold(box: Box, seconds: int) -> None:
    """Let another writer hold the lease, and die."""
    path = Path(box.directory) / "state" / key(C)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(Lease(C, OTHER, timedelta(seconds=seconds), 3)))


def waits(state: Any, *, names: int) -> list[tuple[str, str | None]]:
    runs = task_runs(state, names=names)
    return [(run.name, run.state.name if run.state else None) for run in runs]


def test_a_wait_is_a_task_of_the_run(box: Box, memory: Memory) -> None:  # fault 59
    hold(box, 2)

    with call_with(box.settings(KLED_LEASE_TTL="5"), memory):
        state = ended(change_cluster)

    assert state.is_completed()
    (wait, how), (step, _) = waits(state, names=2)
    assert wait.startswith(f"wait for {C}: held by {OTHER.owner} on worker-2 (pid 7, run 0b-12)")
    assert "; until 20" in wait
    assert (how, step) == ("Completed", "change")


def test_a_wait_in_vain_fails_as_that_task(box: Box, memory: Memory) -> None:
    hold(box, 60)

    with call_with(box.settings(KLED_LEASE_WAIT="1"), memory):
        state = ended(change_cluster)

    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), LeaseHeld)
    ((wait, how),) = waits(state, names=1)
    assert wait.startswith(f"wait for {C}")
    assert how == "Failed"
