"""Runs that cannot speak for themselves end, and people are told, by a server's automations."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.boxes import Box
from tests.pager import listening
from tests.standing.servers import Standing, eventually

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
SAVE = """
from prefect.blocks.notifications import CustomWebhookNotificationBlock
says = {"subject": "{{subject}}", "body": "{{body}}"}
CustomWebhookNotificationBlock(name="ops", url=%r, json_data=says).save("ops", overwrite=True)
"""
SOON = 10.0
"""Seconds, the shortest that Prefect takes, instead of minutes."""


@dataclass
class Told:
    """An environment whose people are told, and what they were told."""

    standing: Standing
    heard: list[dict[str, Any]]

    def run(self, flow: str = "back-up-state") -> str:
        """Make a run that no worker takes."""
        deployment = self.standing.get(f"/deployments/name/{flow}/told")
        made = self.standing.post(f"/deployments/{deployment['id']}/create_flow_run")
        return str(made["id"])

    def becomes(self, run: str, kind: str, **more: str) -> None:
        state = {"type": kind, **more}
        self.standing.post(f"/flow_runs/{run}/set_state", state=state, force=True)

    def says(self, *words: str) -> dict[str, Any]:
        """Return what people were told in these words, once they were."""

        def found() -> dict[str, Any] | None:
            said = (one for one in self.heard if all(word in str(one) for word in words))
            return next(said, None)

        return eventually(found)


@pytest.fixture(scope="module")
def told(standing: Standing, world: Box) -> Iterator[Told]:
    """Yield an environment with a notification block, whose automations wait for seconds."""
    with listening() as (address, heard):
        standing.run("python", "-c", SAVE % f"http://{address}/")
        environments = world.directory / "environments"
        environments.mkdir(exist_ok=True)
        (environments / "told.yaml").write_text("work-pool: told\nnotify: custom-webhook/ops\n")
        standing.run("kled", "deploy", "--environment=told")
        hurry(standing)
        yield Told(standing, heard)


def hurry(standing: Standing) -> None:
    """Let the automations that wait for silence wait for seconds."""
    for one in standing.post("/automations/filter"):
        if one["name"].startswith(("kled told: crash", "kled told: end")):
            fields = {key: one[key] for key in ("name", "tags", "enabled", "actions")}
            trigger = {**one["trigger"], "within": SOON}
            standing.asked("PUT", f"/automations/{one['id']}", {**fields, "trigger": trigger})


@pytest.mark.parametrize(
    ("kind", "state", "subject"),
    [
        ("FAILED", {"message": "Validation of flow parameters failed with error"}, "failed"),
        ("CRASHED", {"message": "its process ended"}, "crashed"),
        ("CANCELLED", {"message": "somebody cancelled it"}, "cancelled"),
        ("SCHEDULED", {"name": "Late", "message": "no worker"}, "late"),
    ],
)
def test_people_are_told_of_runs_that_did_not_complete(
    told: Told, kind: str, state: dict[str, str], subject: str
) -> None:  # fault 46
    run = told.run()

    told.becomes(run, kind, **state)

    said = told.says(f"kled told: {subject}: ", run)
    assert state["message"] in said["body"]


def test_a_run_whose_host_is_gone_crashes_and_people_are_told(told: Told) -> None:  # fault 47
    run = told.run()
    told.becomes(run, "RUNNING")
    deployment = told.standing.get(f"/flow_runs/{run}")["deployment_id"]

    heartbeat = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
        "related": [
            {
                "prefect.resource.id": f"prefect.deployment.{deployment}",
                "prefect.resource.role": "deployment",
            }
        ],
        "payload": {},
    }
    told.standing.asked("POST", "/events", [heartbeat])

    told.standing.until(run, "CRASHED")
    told.says("kled told: crashed: ", run, "no heartbeat")


def test_a_cancelled_run_whose_host_is_gone_becomes_cancelled(told: Told) -> None:
    # a member of fault 47: Prefect crashes no run that is being cancelled
    run = told.run()
    told.becomes(run, "RUNNING")

    told.becomes(run, "CANCELLING")

    told.standing.until(run, "CANCELLED")
    told.says("kled told: cancelled: ", run)


def test_people_are_told_of_a_run_that_the_server_refused_to_an_automation(told: Told) -> None:
    # fault 46: a 409 makes no run that could fail
    verify = told.standing.get("/deployments/name/verify-snapshots/told")
    event = f"test.{uuid4()}"
    trigger = {
        "type": "event",
        "expect": [event],
        "match": {"prefect.resource.id": "*"},
        "posture": "Reactive",
        "threshold": 1,
        "within": 0,
    }
    action = {
        "type": "run-deployment",
        "source": "selected",
        "deployment_id": verify["id"],
        "parameters": {"level": 77},
    }
    made = told.standing.post(
        "/automations/", name="a bad level", trigger=trigger, actions=[action]
    )
    eventually(lambda: told.standing.get(f"/automations/{made['id']}"))
    sent = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": event,
        "resource": {"prefect.resource.id": "test"},
        "payload": {},
    }
    told.standing.asked("POST", "/events", [sent])

    said = told.says("an automation could not start a run")

    told.standing.delete(f"/automations/{made['id']}")
    assert "a bad level" in said["body"]


def test_people_are_told_that_a_cluster_is_not_healthy_and_that_it_is_again(told: Told) -> None:
    # fault 60
    name = f"c{uuid4().hex}.example.com"

    def seen(how: str, words: str) -> None:
        announce(told, "validate-cluster", f"kled.cluster.{how}", name, words)

    seen("healthy", "a look before")
    seen("unhealthy", "the first look")
    told.says(f"kled told: not healthy: {name}", "the first look")
    seen("unhealthy", "the second look")

    seen("healthy", "all is well")

    told.says(f"kled told: healthy again: {name}", "all is well")
    about = [one for one in told.heard if name in str(one)]
    assert len(about) == 2, "neither the look before nor the second one is told"


def test_people_are_told_at_once_that_an_etcd_must_not_be_restarted(told: Told) -> None:
    name, event = f"c{uuid4().hex}.example.com", "kled.state-store.markers-missing"

    announce(told, "check-health", event, name, "created is missing: do not restart etcd-manager")
    announce(told, "check-health", event, name, "created is missing, in the next run, too")

    told.says(f"kled told: DO NOT RESTART ETCD of {name}", "do not restart etcd-manager")
    assert not [one for one in told.heard if name in str(one) and "in the next run" in str(one)]


def announce(told: Told, flow: str, event: str, cluster: str, words: str) -> None:
    """Send the event that a run of the flow's deployment tells of a cluster."""
    deployment = told.standing.get(f"/deployments/name/{flow}/told")["id"]
    related = {
        "prefect.resource.id": f"prefect.deployment.{deployment}",
        "prefect.resource.role": "deployment",
    }
    sent = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": event,
        "resource": {"prefect.resource.id": f"kled.cluster.{cluster}"},
        "related": [related],
        "payload": {"cluster": cluster, "words": words},
    }
    told.standing.asked("POST", "/events", [sent])
