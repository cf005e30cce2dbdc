"""The flow update-cluster, on a real Prefect server and the simulated kops."""

from typing import Any

import pytest
from prefect.client.schemas.objects import State

from flows.update_cluster import update_cluster
from kled.errors import KledError, NotApproved
from kled.models.plan import Plan
from kled.sandbox import faults
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts, events, flow_run, task_runs
from tests.flows.test_kill import until

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
C = "flow.example.com"


def update(box: Box, memory: Memory, **parameters: Any) -> State[Any]:
    with call_with(box.settings(), memory):
        return update_cluster(C, return_state=True, **parameters)


def words(state: State[Any]) -> dict[str, str]:
    return {row["step"]: row["words"] for row in state.result()["steps"]}


def pending(box: Box) -> str:
    return box.must("update", "cluster", f"--name={C}").strip().splitlines()[-1]


def test_an_update_plans_applies_that_plan_rolls_and_validates(
    changed: Box, memory: Memory
) -> None:
    state = update(changed, memory, roll=True)

    assert state.is_completed(), state.message
    looks = ["plan", "check identity", "check approval", "check before changing"]
    rolls = ["check before rolling", "rolling update", "roll nodes-us-east-1a: 2 machines"]
    steps = [*looks, "update cluster", *rolls, "validate cluster"]
    assert [run.name for run in task_runs(state, names=9)] == steps
    assert flow_run(state).name == f"update {C}"
    assert words(state)["update cluster"] == "applied: 1 to modify"
    assert "No changes need to be applied" in pending(changed)
    rolled = ["kled.cluster.updated", "kled.cluster.rolled", "kled.cluster.healthy"]
    until(lambda: events(C, count=3)[-3:] == rolled)  # other tests are on the server


def test_the_plan_is_an_artifact_with_its_digest_and_whom_it_touches(
    changed: Box, memory: Memory
) -> None:
    plan, summary = sorted(artifacts(update(changed, memory)), key=lambda one: str(one.key))

    assert plan.key == "plan-flow-example-com"
    assert "| machines that roll | 2 of nodes-us-east-1a (node) |" in plan.data
    assert "- modify LaunchTemplate/nodes-us-east-1a" in plan.data
    assert summary.key == "update-cluster-flow-example-com"


def test_a_plan_that_is_not_the_approved_one_is_refused_with_what_to_do(
    changed: Box, memory: Memory
) -> None:
    other = Plan(C, ()).digest[:12]

    state = update(changed, memory, digest=other)

    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), NotApproved)
    assert f"not {other}: it is now: modify LaunchTemplate/" in str(state.message)
    assert "hint: " in str(state.message)
    assert "Must specify --yes" in pending(changed)


def test_a_cluster_that_is_up_to_date_is_left_alone(changed: Box, memory: Memory) -> None:
    update(changed, memory)

    again = update(changed, memory)

    assert words(again)["update cluster"] == "nothing to change"
    assert len([call for call in changed.calls("update") if "--yes=true" in call]) == 1


def test_a_cluster_that_is_not_there_ends_the_flow_with_a_hint(box: Box, memory: Memory) -> None:
    state = update(box, memory)

    assert isinstance(state.result(raise_on_failure=False), KledError)
    assert str(state.message).startswith("ClusterNotFound: there is no cluster")
    assert "hint: " in str(state.message)
    asked = [each for each in box.calls() if each != "version"]  # a run's tags name its version
    assert len(asked) == 1


def test_a_cloud_that_refuses_ends_the_flow_with_the_cause(changed: Box, memory: Memory) -> None:
    words = "You have requested more vCPU capacity than your current limit"
    faults.inject(changed.directory, "cloud-refuses", code="VcpuLimitExceeded", words=words)

    state = update(changed, memory)

    assert "PermanentCloudError: a limit of the AWS account is reached" in str(state.message)
    assert len([call for call in changed.calls("update") if "--yes=true" in call]) == 1


def test_a_plan_that_makes_lost_keys_anew_asks_nobody_and_applies_nothing(
    changed: Box, memory: Memory
) -> None:
    """Fault 1."""
    lost = changed.directory / "state" / C / "pki/private/kubernetes-ca/keyset.yaml"
    body = lost.read_bytes()
    lost.unlink()

    state = update(changed, memory)

    assert state.is_failed()
    assert state.message is not None
    assert "lives by kubernetes-ca" in state.message
    (plan,) = (one for one in artifacts(state) if str(one.key).startswith("plan-"))
    assert "**Refused**: " in plan.data
    assert not lost.exists()

    made = update(changed, memory, new_identity=C)

    assert made.is_completed(), made.message
    assert "NEW IDENTITY, as asked for: kubernetes-ca" in words(made)["update cluster"]
    assert lost.read_bytes() != body
