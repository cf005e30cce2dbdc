"""Drains, evictions and budgets on a real control plane: what its own controllers make of them."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import DrainBlocked
from kled.kubernetes.disruption import blocking, budgets
from kled.kubernetes.drain import drain
from kled.kubernetes.nodes import cordon, nodes, uncordon
from kled.kubernetes.workloads import unreplicated
from kled.models.kubernetes import DrainReport
from kled.retry import Clock
from tests.kubernetes.workloads import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kled.kubernetes.client import Api
    from tests.kubernetes.control_plane import ControlPlane
    from tests.kubernetes.workloads import Workloads

pytestmark = pytest.mark.kubernetes
SOON = timedelta(seconds=12)
LATER = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def open_again(api: Api) -> Iterator[None]:
    yield
    for node in nodes(api):
        uncordon(api, node.name)


def emptied(api: Api, deadline: timedelta, lines: list[str], **more: bool) -> DrainReport:
    return drain(
        api,
        "n1",
        deadline=deadline,
        clock=Clock(time.monotonic, time.sleep),
        on_line=lines.append,
        **more,
    )


def only_on(api: Api, node: str) -> None:
    """Let new pods go to one node alone."""
    for each in nodes(api):
        if each.name != node:
            cordon(api, each.name)


def test_a_deployment_moves_and_a_daemon_set_stays(api: Api, running: Workloads) -> None:
    only_on(api, "n1")
    running.deploy("web", 3)
    uncordon(api, "n2")
    running.run_on_each_node("agent", 2)
    lines = list[str]()

    report = emptied(api, LATER, lines)

    eventually(lambda: {pod.node for pod in running.ready("web")} == {"n2"})
    assert len(report.evicted) == len(running.ready("web")) == 3
    assert sorted(pod.node for pod in running.ready("agent")) == ["n1", "n2"]
    assert report.stayed == 1
    assert [node.cordoned for node in nodes(api)] == [True, False]


def test_a_budget_lets_one_pod_go_after_the_other(api: Api, running: Workloads) -> None:
    only_on(api, "n1")
    running.deploy("web", 2)
    running.budget("web", "web", minAvailable=1)
    eventually(lambda: any(budget.allowed == 1 for budget in budgets(api)))
    uncordon(api, "n2")
    lines = list[str]()

    emptied(api, LATER, lines)

    eventually(lambda: [pod.node for pod in running.ready("web")] == ["n2", "n2"])
    assert any("The disruption budget web needs 1 healthy pods" in line for line in lines)


def test_a_budget_that_lets_nothing_go_is_named_before_and_at_the_deadline(
    api: Api, running: Workloads
) -> None:
    only_on(api, "n1")
    running.deploy("db", 1)
    running.budget("db", "db", minAvailable=1)
    eventually(lambda: any(budget.healthy == 1 for budget in budgets(api)))
    (blocked,) = blocking(api, ["n1"])

    with pytest.raises(DrainBlocked) as raised:
        emptied(api, SOON, [])

    assert (blocked.budget, len(blocked.pods)) == (f"{running.namespace}/db", 1)
    assert "The disruption budget db needs 1 healthy pods and has 1 currently" in str(raised.value)
    assert [pod.node for pod in running.ready("db")] == ["n1"]


def test_a_pod_under_two_budgets_is_refused_for_good(api: Api, running: Workloads) -> None:
    only_on(api, "n1")
    running.deploy("db", 2)
    for name in ("one", "two"):
        running.budget(name, "db", minAvailable=1)
    eventually(lambda: [budget.healthy for budget in budgets(api)] == [2, 2])
    (blocked,) = blocking(api, ["n1"])

    with pytest.raises(DrainBlocked, match="more than one disruption budget covers"):
        emptied(api, LATER, [])

    assert blocked.reason == "more than one budget covers its pods"


def test_a_pod_of_nobody_is_named_and_nothing_is_evicted(api: Api, running: Workloads) -> None:
    only_on(api, "n1")
    running.deploy("web", 1)
    running.run("lone", "n1")

    with pytest.raises(DrainBlocked, match=f"unmanaged pods: {running.namespace}/lone"):
        emptied(api, LATER, [])
    assert [pod.node for pod in running.ready("web")] == ["n1"]
    told = {str(workload.name) for workload in unreplicated(api, ["n1"])}
    uncordon(api, "n2")
    emptied(api, LATER, [], force_unmanaged=True)

    assert told == {"web", "lone"}
    assert running.ready("lone") == []


def test_a_pod_that_a_finalizer_keeps_is_named(api: Api, running: Workloads) -> None:
    running.run("held", "n1", finalizers=["example.com/keep"])

    with pytest.raises(DrainBlocked, match=r"held .*a finalizer or its grace period holds it"):
        emptied(api, SOON, [], force_unmanaged=True)

    running.let_go("held")


def test_a_drain_outlasts_a_restart_of_the_api_server(
    api: Api, running: Workloads, plane: ControlPlane
) -> None:
    only_on(api, "n1")
    running.deploy("web", 2)
    running.budget("web", "web", minAvailable=2)
    eventually(lambda: any(budget.healthy == 2 for budget in budgets(api)))
    lines, reports = list[str](), list[DrainReport]()
    thread = threading.Thread(target=lambda: reports.append(emptied(api, LATER, lines)))
    thread.start()
    eventually(lambda: any("is held" in line for line in lines))

    plane.kill("kube-apiserver")
    plane.start_api()
    running.budget("web", "web", minAvailable=1)
    uncordon(api, "n2")
    thread.join()

    assert len(reports[0].evicted) == 2
    eventually(lambda: [pod.node for pod in running.ready("web")] == ["n2", "n2"])
