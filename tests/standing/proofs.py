"""What must hold on whatever server and installation: a woken schedule makes runs that are done."""

from typing import Any

from tests.standing.servers import Standing, eventually

FLOW = "back-up-state"


def a_woken_schedule_makes_a_run_that_is_done(standing: Standing) -> None:
    """Put the hourly schedule to sleep and wake it, then let a quick one run once. Fault 40."""
    deployment = standing.deployment(FLOW)
    where = f"/deployments/{deployment['id']}/schedules"
    (hourly,) = deployment["schedules"]
    standing.patch(f"{where}/{hourly['id']}", active=False)
    eventually(lambda: not standing.runs(FLOW, "SCHEDULED"))

    standing.patch(f"{where}/{hourly['id']}", active=True)

    eventually(lambda: [run for run in standing.runs(FLOW, "SCHEDULED") if run["auto_scheduled"]])
    quick = {"schedule": {"interval": 15}, "active": True, "max_scheduled_runs": 1}
    (made,) = standing.asked("POST", where, [quick]).json()
    done = eventually(lambda: _ended(standing, made["id"]))
    standing.delete(f"{where}/{made['id']}")
    assert done[0]["state_type"] == "COMPLETED", done[0]["state"]
    eventually(lambda: [one for one in standing.lines(done[0]["id"]) if "snapshots: done" in one])


def _ended(standing: Standing, schedule: str) -> list[dict[str, Any]]:
    """Return the runs that the schedule made and that have ended."""
    return [
        run
        for run in standing.runs(FLOW, "COMPLETED", "FAILED", "CRASHED")
        if (run["created_by"] or {}).get("id") == schedule
    ]
