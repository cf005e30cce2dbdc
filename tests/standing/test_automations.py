"""What kled tells Prefect starts automations; what limits a work pool holds runs back."""

from datetime import datetime
from typing import Any

import pytest

from tests.boxes import Box
from tests.standing.servers import Standing, eventually

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def test_an_automation_that_waits_for_an_event_of_kled_starts_a_run(
    standing: Standing, world: Box
) -> None:
    verify = standing.deployment("verify-snapshots")
    wish = {"level": 0, "name": "new.example.com"}  # others here are a bare kops' own: no snapshot
    trigger = {
        "type": "event",
        "expect": ["kled.snapshot.created"],
        "match": {"prefect.resource.id": "kled.cluster.new.example.com"},
        "posture": "Reactive",
        "threshold": 1,
        "within": 0,
    }
    action = {
        "type": "run-deployment",
        "source": "selected",
        "deployment_id": verify["id"],
        "parameters": wish,
    }
    made = standing.post("/automations/", name="prove", trigger=trigger, actions=[action])
    world.must("create", "cluster", "--name=new.example.com", "--zones=us-east-1a", "--cloud=aws")
    backup = standing.start("back-up-state", name=["new.example.com"])
    standing.until(backup, "COMPLETED")

    def started() -> list[dict[str, Any]]:
        runs = standing.runs("verify-snapshots")
        return [run for run in runs if run["parameters"] == wish]

    (run, *_) = eventually(started)
    standing.delete(f"/automations/{made['id']}")
    standing.until(run["id"], "COMPLETED")
    assert keys(standing, backup) >= {"back-up-state"}
    assert keys(standing, run["id"]) >= {"verify-snapshots"}


def test_a_pool_runs_no_more_at_once_than_it_may(standing: Standing) -> None:
    standing.patch("/work_pools/kled", concurrency_limit=1)
    both = [standing.start("back-up-state", name=["kept.example.com"]) for _ in range(2)]

    runs = [standing.until(run, "COMPLETED") for run in both]
    standing.patch("/work_pools/kled", concurrency_limit=None)

    first, second = sorted(runs, key=lambda run: str(run["start_time"]))
    assert moment(first["end_time"]) <= moment(second["start_time"])


def keys(standing: Standing, run: str) -> set[str]:
    """Return the keys of the run's artifacts."""
    found = standing.post("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
    return {one["key"] for one in found}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
