"""The sandbox's Kubernetes API: objects, budgets, evictions, and machines that end undrained."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kled.errors import ApiUnreachable, CredentialsRefused, DrainBlocked, KledError
from kled.kubernetes.apply import apply
from kled.kubernetes.client import Api, connect
from kled.kubernetes.disruption import blocking
from kled.kubernetes.drain import drain
from kled.kubernetes.nodes import node, nodes, uncordon
from kled.kubernetes.pods import pods, pods_on
from kled.kubernetes.workloads import unreplicated
from kled.retry import Clock
from kled.sandbox.cloud.account import ACCOUNT
from tests.boxes import Box, make_box
from tests.processes import eventually, kubernetes_apis

pytestmark = pytest.mark.slow
C = "pods.example.com"
CLOCK = Clock(lambda: time.monotonic() * 20, lambda seconds: time.sleep(seconds / 20))


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A cluster with one control plane and three workers, whose API is asked."""
    box = make_box(tmp_path_factory.mktemp("living") / "box")
    created = box.kops(
        *("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws"),
        *("--node-count=3", "--yes"),
    )
    assert created.returncode == 0, created.stderr
    yield box
    for pid in kubernetes_apis(box):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def api(living: Box, tmp_path: Path) -> Iterator[Api]:
    with connected(living, tmp_path) as found:
        eventually(lambda: sum(one.ready for one in nodes(found)) >= 4)
        yield found


def connected(box: Box, directory: Path) -> Api:
    path = directory / "kubeconfig"
    told = box.kops("export", "kubeconfig", C, "--admin=1h", f"--kubeconfig={path}")
    assert told.returncode == 0, told.stderr
    return connect(path)


def deployment(name: str, replicas: int, **template: Any) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, **template},
                "spec": {"containers": [{"name": "main", "image": name}]},
            },
        },
    }


def budget(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": name}}, **spec},
    }


def placed(api: Api, app: str) -> dict[str, str]:
    """Names and nodes of an app's pods, when all are ready."""
    eventually(lambda: all(one.ready for one in pods(api) if one.labels.get("app") == app))
    return {one.name: one.node for one in pods(api) if one.labels.get("app") == app}


def told(box: Box, what: str) -> list[dict[str, str]]:
    """The `evictions` or `kills` that the sandbox counted."""
    path = box.directory / "cloud" / ACCOUNT / "kubernetes" / f"{C}.json"
    found: list[dict[str, str]] = json.loads(path.read_text())[what]
    return found


def drained(api: Api, name: str) -> None:
    drain(api, name, deadline=timedelta(seconds=5), clock=CLOCK, on_line=lambda _: None)


def test_a_deployment_s_pods_run_on_workers_and_come_back_elsewhere(living: Box, api: Api) -> None:
    apply(api, deployment("web", 3))
    before = placed(api, "web")
    group = {one.name for one in nodes(api) if one.labels["kops.k8s.io/instancegroup"][0] == "n"}
    assert set(before.values()) <= group

    name = next(iter(before.values()))
    drained(api, name)

    after = placed(api, "web")
    assert len(after) == 3
    assert name not in after.values()
    gone = {f"default/{pod}" for pod, on in before.items() if on == name}
    assert gone <= {one["pod"] for one in told(living, "evictions")}
    assert not any(one["pod"].startswith("default/web") for one in told(living, "kills"))
    found = node(api, name)
    assert found is not None
    assert found.cordoned
    assert uncordon(api, name)


def test_a_budget_without_room_blocks_and_is_named(api: Api) -> None:
    apply(api, deployment("tight", 2))
    apply(api, budget("tight", minAvailable=2))
    name = next(iter(placed(api, "tight").values()))

    (found,) = [one for one in blocking(api, {name}) if one.budget == "default/tight"]
    assert "needs 2" in found.reason
    with pytest.raises(DrainBlocked, match="The disruption budget tight needs 2 healthy pods"):
        drained(api, name)

    apply(api, budget("tight", minAvailable=1))
    drained(api, name)
    assert name not in placed(api, "tight").values()
    assert uncordon(api, name)


def test_a_pod_with_a_finalizer_hangs_a_drain(api: Api) -> None:
    apply(api, deployment("stuck", 1, finalizers=["example.com/keep"]))
    (name,) = placed(api, "stuck").values()

    with pytest.raises(DrainBlocked, match="does not end"):
        drained(api, name)

    apply(api, deployment("stuck", 0))
    assert uncordon(api, name)


def test_a_lone_pod_is_told_by_its_deployment(api: Api) -> None:
    apply(api, deployment("lone", 1))
    (name,) = placed(api, "lone").values()

    assert "default/lone (Deployment)" in {str(one) for one in unreplicated(api, {name})}


def test_a_machine_that_ends_undrained_kills_what_ran_there(living: Box, api: Api) -> None:
    apply(api, deployment("unlucky", 3))
    name = next(iter(placed(api, "unlucky").values()))
    there = {one.label for one in pods_on(api, name) if one.name.startswith("unlucky")}

    done = living.kops("delete", "instance", f"--name={C}", name, "--cloudonly", "--yes")

    assert done.returncode == 0, done.stderr
    assert len(placed(api, "unlucky")) == 3
    assert there <= {one["pod"] for one in told(living, "kills")}


def test_kops_drains_by_eviction_and_says_which_pod_a_budget_holds(living: Box, api: Api) -> None:
    apply(api, deployment("held", 2))
    apply(api, budget("held", maxUnavailable=0))
    name = next(iter(placed(api, "held").values()))
    words = ("delete", "instance", f"--name={C}", name, "--yes", "--surge=false")

    blocked = living.kops(*words)

    assert blocked.returncode == 1
    assert "global timeout reached: 15m0s" in blocked.stderr
    assert "would violate the pod's disruption budget" in blocked.stderr
    apply(api, budget("held", maxUnavailable=1))
    again = living.kops(*words)
    assert again.returncode == 0, again.stderr
    assert "evicting pod default/held" in again.stdout
    assert not any(one["pod"].startswith("default/held") for one in told(living, "kills"))


def test_one_process_serves_and_comes_back_on_its_port(living: Box, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as several:
        paths = [tmp_path / str(number) for number in range(4)]
        for path in paths:
            path.mkdir()
        apis = list(several.map(lambda path: connected(living, path), paths))
    assert len({one.server for one in apis}) == 1
    (pid,) = kubernetes_apis(living)

    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ApiUnreachable):
        nodes(apis[0])
    with connected(living, tmp_path) as again:
        assert again.server == apis[0].server
        assert len(nodes(again)) >= 4
    for one in apis:
        one.close()


def test_nobody_without_a_certificate_of_the_cluster_is_answered(
    living: Box, api: Api, tmp_path: Path
) -> None:
    path = tmp_path / "bare"
    assert living.kops("export", "kubeconfig", C, f"--kubeconfig={path}").returncode == 0
    text = path.read_text().replace("users: []", "").replace("users: null", "")
    assert "client-key-data" not in text
    port = api.server.rpartition(":")[2]
    done = subprocess.run(
        ["curl", "-sk", f"https://127.0.0.1:{port}/api/v1/nodes"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert json.loads(done.stdout)["code"] == 401


def test_while_the_api_does_not_answer_nobody_is_answered(living: Box, api: Api) -> None:
    broken = living.kled("sandbox", "break", f"--dir={living.directory}", "api-unreachable")
    assert broken.returncode == 0, broken.stderr
    try:
        with pytest.raises(ApiUnreachable):
            nodes(api)
    finally:
        living.kled("sandbox", "break", f"--dir={living.directory}", "--clear")
    assert nodes(api)


def test_reads_start_no_process_and_a_stopped_sandbox_leaves_none(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    words = ("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws", "--yes")
    assert box.kops(*words[:-1]).returncode == 0
    for read in (("get", "clusters"), ("get", "ig", f"--name={C}"), ("update", "cluster", C)):
        assert box.kops(*read).returncode == 0
    assert kubernetes_apis(box) == []
    assert box.kops("update", "cluster", C, "--yes", "--admin").returncode == 0
    assert len(kubernetes_apis(box)) == 1

    assert box.kops("delete", "cluster", C, "--yes").returncode == 0
    eventually(lambda: not kubernetes_apis(box))


def test_it_ends_when_its_sandbox_goes(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    words = ("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws", "--yes")
    assert box.kops(*words).returncode == 0
    assert len(kubernetes_apis(box)) == 1

    (box.directory / "sandbox.json").unlink()

    eventually(lambda: not kubernetes_apis(box))


def test_another_cluster_s_certificate_is_refused(living: Box, api: Api, tmp_path: Path) -> None:
    other = make_box(tmp_path / "other")
    words = ("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws", "--yes")
    assert other.kops(*words).returncode == 0
    path = tmp_path / "kubeconfig-other"
    assert other.kops("export", "kubeconfig", C, "--admin", f"--kubeconfig={path}").returncode == 0
    port = api.server.rpartition(":")[2]
    mine = path.read_text()
    own = next(line for line in mine.splitlines() if "server:" in line)
    path.write_text(mine.replace(own, f"    server: https://127.0.0.1:{port}"))

    with connect(path) as strange, pytest.raises(KledError) as raised:
        nodes(strange)

    assert isinstance(raised.value, CredentialsRefused | ApiUnreachable)
