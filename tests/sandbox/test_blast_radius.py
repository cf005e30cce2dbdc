"""An update's radius in the sandbox: workloads, budgets and services of its Kubernetes API."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kled.kubernetes.apply import apply
from kled.kubernetes.client import connect
from kled.sandbox import faults
from tests.boxes import Box, make_box
from tests.processes import eventually

pytestmark = pytest.mark.slow
NAME = "--name=radius.example.com"
WEB = {"app": "web"}
DOCUMENTS = (
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": WEB},
            "template": {
                "metadata": {"labels": WEB},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    },
    {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": WEB}},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": WEB, "ports": [{"port": 80}]},
    },
)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A cluster with one workload that has one pod, whose nodes are to get another size."""
    box = make_box(tmp_path_factory.mktemp("radius") / "box")
    create = ("create-cluster", NAME, "--zones=us-east-1a", "--node-count=2", "--yes")
    assert box.kled("kops", *create).returncode == 0
    kubeconfig = Path(box.directory) / "kubeconfig"
    box.kled("kops", "export-kubecfg", NAME, f"--kubeconfig={kubeconfig}", "--admin=1h")
    with connect(kubeconfig, timeout=timedelta(seconds=20)) as api:
        for document in DOCUMENTS:
            apply(api, document)
    group = ("--instance-group=nodes", "--set=spec.machineType=t3.large")
    assert box.kled("kops", "edit-instance-group", NAME, *group).returncode == 0
    return box


def radius(box: Box) -> dict[str, Any]:
    shown = box.kled("kops", "update-cluster", NAME, "--output=json")
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)["radius"]
    return found


def test_a_roll_names_the_workload_its_budget_and_its_load_balancer(box: Box) -> None:
    eventually(lambda: any("it has 1 healthy" in one for one in radius(box)["blocking"]))

    found = radius(box)

    assert "default/web (Deployment)" in found["unreplicated"]
    assert any(one.startswith("default/web: allows no eviction") for one in found["blocking"])
    assert found["services"] == ["default/web"]
    assert found["unknown"] == {}


def test_an_api_that_does_not_answer_leaves_it_unknown_and_the_plan_readable(box: Box) -> None:
    faults.inject(box.directory, "api-unreachable")
    try:
        found = radius(box)
        table = box.kled("kops", "update-cluster", NAME).stdout
    finally:
        faults.clear(box.directory)

    assert found["rolls"][0]["machines"] == 2
    assert found["blocking"] is None
    assert set(found["unknown"]) == {"unreplicated", "blocking", "services"}
    assert re.search(r"budgets that block +unknown: \w", table)
