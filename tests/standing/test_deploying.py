"""`kled deploy` and Prefect's own command yield the same; neither puts a schedule to sleep."""

from typing import Any

import pytest

from deployments import catalog
from tests.standing.servers import Standing

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
ROOT = catalog.path().parent
OWN_TO_EACH = {
    "id", "created", "updated", "created_by", "updated_by", "flow_id", "labels", "version",
    "version_id", "version_info", "last_polled", "status", "work_queue_id", "root_id", "branch",
}  # fmt: skip


@pytest.fixture
def ui(standing: Standing) -> dict[str, Any]:
    """A deployment on which somebody set what prefect.yaml does not know, in the UI."""
    deployment = standing.deployment("verify-snapshots")
    where = f"/deployments/{deployment['id']}"
    (daily,) = (one for one in deployment["schedules"] if one["slug"] == "daily")
    standing.patch(f"{where}/schedules/{daily['id']}", active=True)
    second = {"schedule": {"cron": "1 1 1 1 *", "timezone": "UTC"}, "active": True}
    standing.asked("POST", f"{where}/schedules", [second])
    standing.patch(where, parameters={"level": 2}, tags=[*deployment["tags"], "ui"])
    return deployment


def test_a_second_schedule_and_a_default_survive_kled_deploy_and_no_schedule_sleeps_after_both(
    standing: Standing, ui: dict[str, Any]
) -> None:
    # faults 15 and 40, case 10
    said = standing.run("kled", "deploy")

    after = standing.deployment("verify-snapshots")
    assert after["id"] == ui["id"]
    assert awake(after) == {"37 2 * * *", "1 1 1 1 *"}
    assert after["parameters"] == {"level": 2}
    assert "schedule 1 1 1 1 *" in said
    assert "parameter level" in said

    standing.run("prefect", "--no-prompt", "deploy", "--all", cwd=ROOT)

    assert awake(standing.deployment("verify-snapshots")) >= {"37 2 * * *"}
    assert awake(standing.deployment("back-up-state")) >= {"7 * * * *"}
    assert awake(standing.deployment("prune-snapshots")) >= {"7 4 * * *"}
    assert awake(standing.deployment("validate-cluster")) >= {"2,17,32,47 * * * *"}
    assert awake(standing.deployment("check-health")) >= {"9,24,39,54 * * * *"}


def test_prefects_own_command_yields_what_kled_deploy_yields(standing: Standing) -> None:
    standing.run("prefect", "--no-prompt", "deploy", "--all", cwd=ROOT)
    by_prefect = everything(standing)

    standing.run("kled", "deploy")

    assert everything(standing) == by_prefect


def test_a_schedule_that_fell_asleep_is_woken_and_named(standing: Standing) -> None:
    deployment = standing.deployment("prune-snapshots")
    (daily,) = deployment["schedules"]
    standing.patch(f"/deployments/{deployment['id']}/schedules/{daily['id']}", active=False)

    said = standing.run("kled", "deploy")

    assert awake(standing.deployment("prune-snapshots")) == {"7 4 * * *"}
    assert "prune-snapshots/default: woke the schedule daily" in said


def awake(deployment: dict[str, Any]) -> set[str]:
    """Return the timings of the schedules that make runs."""
    return {one["schedule"]["cron"] for one in deployment["schedules"] if one["active"]}


def everything(standing: Standing) -> dict[str, Any]:
    """Return what is deployed, by flow, without what is each deployment's own.

    Rules are what `kled deploy` alone brings; the runs of Prefect's deployments miss them.
    """
    found = {}
    for entry in catalog.load(catalog.path()):
        deployment = standing.deployment(entry.flow)
        for rules in ("KLED_APPROVAL", "KLED_RULES"):
            deployment["job_variables"]["env"].pop(rules, None)
        timings = [
            (one["slug"], one["active"], one["schedule"], one["parameters"])
            for one in deployment.pop("schedules")
        ]
        fields = {key: value for key, value in deployment.items() if key not in OWN_TO_EACH}
        found[entry.flow] = (fields, timings)
    return found
