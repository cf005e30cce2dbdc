"""The flow create-cluster, on a real Prefect server and the simulated kops."""

import pytest

from flows.create_cluster import create_cluster
from flows.validate_cluster import validate_cluster
from kled import __version__
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import (
    SPEC,
    artifacts,
    create,
    events,
    flow_run,
    log_lines,
    task_runs,
)

pytestmark = pytest.mark.prefect


def test_a_cluster_is_created_with_one_task_per_step_in_their_order(
    box: Box, memory: Memory
) -> None:
    state = create(box, memory)

    steps = [step.name for step in CreateCluster(SPEC, box.directory / "kubeconfig").steps()]
    assert state.is_completed(), state.message
    assert [run.name for run in task_runs(state, names=5)] == steps
    assert flow_run(state).name == "create flow.example.com"
    assert [row["step"] for row in state.result()["steps"]] == steps
    assert (box.directory / "kubeconfig").stat().st_mode & 0o777 == 0o600


def test_the_caller_sees_steps_and_what_kops_says(box: Box, memory: Memory) -> None:
    state = create(box, memory)

    assert memory.events[:2] == ["started check settings", "done check settings"]
    assert memory.events[-1] == "done export kubeconfig"
    assert any("simulated kops" in line for line in memory.lines)
    assert any("simulated kops" in line for line in log_lines(state))


def test_the_summary_is_an_artifact_with_the_steps_and_what_to_type_next(
    box: Box, memory: Memory
) -> None:
    (summary,) = artifacts(create(box, memory))

    assert summary.key == "create-cluster-flow-example-com"
    assert "| validate cluster | done |" in summary.data
    assert "kubectl --kubeconfig=" in summary.data


def test_it_tells_prefect_that_the_cluster_exists_and_is_healthy(box: Box, memory: Memory) -> None:
    create(box, memory, ClusterSpec(name="told.example.com", zones=("us-east-1a",)))

    assert events("told.example.com", count=2) == ["kled.cluster.created", "kled.cluster.healthy"]


def test_running_it_again_attaches_and_changes_nothing(box: Box, memory: Memory) -> None:
    create(box, memory)
    before = len(box.calls("create"))

    again = create(box, memory)

    words = {row["step"]: row["words"] for row in again.result()["steps"]}
    assert words["store definition"] == "already stored; attached"
    assert words["update cluster"] == "nothing to change"
    assert [one for one in box.calls("create")[before:] if "--dry-run" not in one] == []


@pytest.mark.slow
def test_what_it_would_change_of_a_cluster_that_was_applied_is_asked_about(
    box: Box, memory: Memory
) -> None:
    """Options and definition were changed alike, so that it attaches."""
    create(box, memory)
    group = "control-plane-us-east-1a"
    box.must("edit", "ig", group, f"--name={SPEC.name}", "--set=spec.machineType=t3.large")
    spec = SPEC.model_copy(update={"control_plane_size": "t3.large"})
    rules = box.directory / "config.toml"
    rules.write_text('[approval]\nneeded = ["control-plane"]\n')
    before = len(box.calls("update"))

    with call_with(box.settings(KLED_CONFIG=str(rules)), memory):
        state = create_cluster(
            spec, box.directory / "kubeconfig", digest="0" * 12, return_state=True
        )

    assert "the plan is" in str(state.message)
    assert not any("--yes" in one for one in box.calls("update")[before:])


def test_the_run_says_what_it_is_about_and_with_which_versions(box: Box, memory: Memory) -> None:
    """Fault 57: no cluster, cloud or environment, neither kled's nor kops' version on a run."""
    state = create(box, memory)

    run = flow_run(state)
    kops = "1.36.2 (simulated)"
    assert run.flow_version == __version__
    assert {
        "cluster:flow.example.com",
        "cloud:aws",
        f"kled:{__version__}",
        f"kops:{kops}",
    } <= set(run.tags)
    assert not any(one.startswith("environment:") for one in run.tags)  # of no deployment
    (summary,) = artifacts(state)
    assert f"Run by kled {__version__} with kops {kops}" in summary.data


def test_the_run_of_another_operation_names_the_cloud_that_is_stored(
    box: Box, memory: Memory
) -> None:
    create(box, memory)

    with call_with(box.settings(), memory):
        state = validate_cluster(name="flow.example.com", return_state=True)

    assert {"cluster:flow.example.com", "cloud:aws"} <= set(flow_run(state).tags)
