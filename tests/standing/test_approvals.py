"""Approvals on a standing server: asked, answered, asked again; and nobody answers."""

import json
import uuid
from pathlib import Path

import pytest

from kled.kops.preview import update_plan
from tests.boxes import Box
from tests.standing.servers import Standing, eventually

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
ASKER = Path(__file__).with_name("asker.py")


@pytest.fixture
def digest(changed: str, world: Box) -> str:
    return update_plan(changed, world.must("update", "cluster", f"--name={changed}")).digest[:12]


@pytest.fixture
def changed(world: Box) -> str:
    """A healthy cluster of its own whose definition asks for other machines."""
    name = f"t{uuid.uuid4().hex[:8]}.example.com"
    named, cloud = f"--name={name}", ("--zones=us-east-1a", "--cloud=aws")
    world.must("create", "cluster", named, *cloud, "--yes")
    world.must(
        "edit", "instancegroup", "nodes-us-east-1a", named, "--set=spec.machineType=t3.large"
    )
    return name


def answer(standing: Standing, run: str, **words: str | bool) -> None:
    """Answer as the form in the UI does, as soon as there is one: it is stored after the pause."""
    standing.until(run, "PAUSED")

    def taken() -> bool:
        result = standing.post(f"/flow_runs/{run}/resume", run_input=words)
        return bool(result["status"] == "ACCEPT")

    eventually(taken)


def retry(standing: Standing, run: str) -> None:
    """Press `Retry`, as the UI does."""
    state = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}
    standing.post(f"/flow_runs/{run}/set_state", state=state, force=True)


def test_a_run_that_is_retried_from_the_ui_asks_again(
    standing: Standing, changed: str, digest: str
) -> None:
    # fault 43
    run = standing.start("update-cluster", name=changed)
    answer(standing, run, cluster=changed, digest=digest, approver="ada", reject=True)
    failed = standing.until(run, "FAILED")
    assert failed["state"]["message"].startswith("NotApproved: "), failed["state"]

    retry(standing, run)
    answer(standing, run, cluster=changed, digest=digest, approver="ada")
    standing.until(run, "COMPLETED")

    assert not stored(standing)


def test_where_nobody_answers_the_run_says_so_itself(standing: Standing, changed: str) -> None:
    # fault 45
    said = standing.run("python", str(ASKER), changed, "6")

    (result,) = (line for line in said.splitlines() if line.startswith('["'))
    run, kind, code = json.loads(result)
    assert (kind, code) == ("NotApproved", 6)
    state = standing.until(run, "FAILED")["state"]
    assert state["message"].startswith("NotApproved: nobody approved the plan in 6 seconds")
    assert not stored(standing)


def stored(standing: Standing) -> list[Path]:
    """Return what Prefect keeps of results and exceptions, on this machine. Fault 55."""
    return [one for one in (standing.directory / "prefect" / "storage").rglob("*") if one.is_file()]
