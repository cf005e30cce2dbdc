"""Scaling down evicts through the API and lets no group pick; what cannot move gives all back."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kled.kubernetes.apply import apply
from kled.kubernetes.client import Api, connect
from kled.kubernetes.nodes import nodes
from kled.kubernetes.pods import pods
from kled.sandbox.cloud.account import ACCOUNT
from tests.boxes import Box, make_box
from tests.processes import eventually, kubernetes_apis
from tests.sandbox.test_rolls import budget

pytestmark = pytest.mark.slow
C = "scaled.example.com"
NAME = f"--name={C}"
GROUP = "nodes-us-east-1a"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    found = make_box(tmp_path / "box")
    created = found.kops(
        *("create", "cluster", NAME, "--zones=us-east-1a", "--cloud=aws", "--yes"),
        "--node-count=4",
    )
    assert created.returncode == 0, created.stderr
    yield found
    for pid in kubernetes_apis(found):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def api(box: Box, tmp_path: Path) -> Iterator[Api]:
    path = tmp_path / "kubeconfig"
    assert box.kops("export", "kubeconfig", C, "--admin", f"--kubeconfig={path}").returncode == 0
    with connect(path) as found:
        eventually(lambda: len([one for one in nodes(found) if one.ready]) >= 5)
        apply(found, web(6))
        eventually(lambda: sum(one.ready for one in pods(found)) >= 6)
        yield found


def web(replicas: int) -> dict[str, Any]:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }


def scale(box: Box, *args: str) -> Any:
    return box.kled("kops", "scale-instance-group", NAME, f"--instance-group={GROUP}", *args)


def group(box: Box) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        (box.directory / "state" / C / "instancegroup" / GROUP).read_text()
    )["spec"]
    return found


def counted(box: Box, what: str) -> list[str]:
    path = box.directory / "cloud" / ACCOUNT / "kubernetes" / f"{C}.json"
    return [one["pod"] for one in json.loads(path.read_text())[what]]


def workers(api: Api) -> set[str]:
    return {one.name for one in nodes(api) if one.labels["kops.k8s.io/instancegroup"] == GROUP}


def test_every_pod_leaves_by_eviction_and_the_group_picks_no_machine(box: Box, api: Api) -> None:
    apply(api, budget("web", 5))
    before = workers(api)
    there = {one.label: one.node for one in pods(api) if one.labels.get("app") == "web"}

    done = scale(box, "--size=2", "--yes")

    assert done.returncode == 0, done.stderr
    gone = before - workers(api)
    assert len(gone) == 2
    moved = {name for name, node in there.items() if node in gone}
    assert moved
    assert moved <= set(counted(box, "evictions"))
    assert counted(box, "kills") == []
    assert (group(box)["minSize"], group(box)["maxSize"]) == (2, 2)
    assert "suspendProcesses" not in group(box)
    preview = box.kops("update", "cluster", C)
    assert "No changes need to be applied" in preview.stdout


def test_bounds_that_are_stored_already_end_no_machine_undrained(box: Box, api: Api) -> None:
    stored = scale(box, "--size=2")
    assert stored.returncode == 0
    assert f"next: kled kops scale-instance-group {NAME} --instance-group={GROUP}" in stored.stderr
    assert "--min=2 --max=2 --yes" in stored.stderr

    done = scale(box, "--size=2", "--yes")

    assert done.returncode == 0, done.stderr
    assert len(workers(api)) == 2
    assert counted(box, "kills") == []


def test_a_budget_that_holds_gives_the_group_back_what_it_was(box: Box, api: Api) -> None:
    apply(api, budget("web", 6))
    box.kops("edit", "ig", GROUP, NAME, "--set=spec.suspendProcesses=AlarmNotification")
    box.kops("update", "cluster", C, "--yes")
    before = workers(api)

    done = scale(box, "--size=3", "--yes", "--drain-timeout=6s")

    assert done.returncode == 1
    assert "The disruption budget web needs 6 healthy pods" in done.stderr
    assert workers(api) == before
    assert not [one for one in nodes(api) if one.cordoned]
    assert group(box)["suspendProcesses"] == ["AlarmNotification"]
    assert (group(box)["minSize"], group(box)["maxSize"]) == (4, 4)
    assert not list((box.directory / "state" / ".kled" / "scales").glob("*"))
    apply(api, budget("web", 5))
    assert scale(box, "--size=3", "--yes").returncode == 0
    assert group(box)["suspendProcesses"] == ["AlarmNotification"]
    assert counted(box, "kills") == []


def test_a_group_that_launches_anew_although_it_is_held_back_is_not_drained_for_ever(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "refilled"
    kops, again = f"{directory}/bin/kops", f"{NAME} --state=file://{directory}/state"
    box = make_box(
        directory,
        after_call='case "$*" in "delete instance"*)'
        f" {kops} edit ig {GROUP} {again} --unset=spec.suspendProcesses;"
        f" {kops} update cluster {again} --yes;; esac >/dev/null 2>&1",
    )
    words = (NAME, "--zones=us-east-1a", "--cloud=aws", "--yes", "--node-count=3")
    assert box.kops("create", "cluster", *words).returncode == 0

    done = scale(box, "--size=2", "--yes")

    assert done.returncode == 1
    assert "has launched machines in place of i-" in done.stderr
    assert len([call for call in box.calls() if call.startswith("delete instance")]) == 1
    assert (group(box)["minSize"], group(box)["maxSize"]) == (3, 3)
    assert "suspendProcesses" not in group(box)
    for pid in kubernetes_apis(box):
        os.kill(pid, signal.SIGKILL)


def test_more_machines_are_waited_for(box: Box, api: Api) -> None:
    done = scale(box, "--min=5", "--max=6", "--yes")

    assert done.returncode == 0, done.stderr
    assert "5 nodes ready" in done.stdout
    assert len(workers(api)) == 5


def test_an_update_that_would_change_more_is_refused(box: Box, api: Api) -> None:
    box.kops("edit", "ig", GROUP, NAME, "--set=spec.machineType=t3.large")
    before = workers(api)

    done = scale(box, "--size=3", "--yes")

    assert done.returncode == 6
    assert "would change more than the size" in done.stderr
    assert "kled kops update-cluster" in done.stderr
    assert workers(api) == before


def test_control_planes_are_not_scaled_down(box: Box) -> None:
    done = box.kled(
        *("kops", "scale-instance-group", NAME, "--instance-group=control-plane"),
        *("--min=0", "--max=0", "--yes"),
    )

    assert done.returncode == 1
    assert "hold etcd" in done.stderr


def copied(name: str, **labels: str) -> str:
    """A group as somebody wrote it by hand: the label of its nodes is another's, or left out."""
    spec = {
        "image": "ami-0123456789abcdef0",
        "machineType": "t3.medium",
        "minSize": 2,
        "maxSize": 2,
        "role": "Node",
        "subnets": ["us-east-1a"],
        **({"nodeLabels": labels} if labels else {}),
    }
    metadata = {"name": name, "labels": {"kops.k8s.io/cluster": C}}
    document = {"apiVersion": "kops.k8s.io/v1alpha2", "kind": "InstanceGroup"}
    return yaml.safe_dump({**document, "metadata": metadata, "spec": spec})


def machines(box: Box) -> dict[str, list[str]]:
    """Return the ids of the machines of each group, by kops' word."""
    rows = json.loads(box.kops("get", "instances", NAME, "-o", "json").stdout)
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["instanceGroup"].removesuffix(f".{C}"), []).append(row["id"])
    return found


def test_groups_whose_nodes_bear_another_s_label_or_none_are_told_apart(
    box: Box, api: Api, tmp_path: Path
) -> None:  # fault 3, case 06
    path = tmp_path / "groups.yaml"
    label = {"kops.k8s.io/instancegroup": GROUP}
    path.write_text(f"{copied('agents', **label)}---\n{copied('bare')}")
    assert box.kops("create", "-f", str(path)).returncode == 0
    assert box.kops("update", "cluster", C, "--yes").returncode == 0
    before = machines(box)
    eventually(lambda: len([one for one in nodes(api) if one.ready]) >= 9)

    own = scale(box, "--size=2", "--yes")
    bare = box.kled(
        *("kops", "scale-instance-group", NAME, "--instance-group=bare", "--size=1", "--yes")
    )

    assert own.returncode == 0, own.stderr
    assert bare.returncode == 0, bare.stderr
    after = machines(box)
    assert after["agents"] == before["agents"]
    assert [len(after[one]) for one in (GROUP, "bare")] == [2, 1]
    assert counted(box, "kills") == []
    assert not [one for one in nodes(api) if one.cordoned]


def interrupted(box: Box, api: Api) -> None:
    """Scale down to three machines, and interrupt it while a budget holds the first drain."""
    apply(api, budget("web", 6))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "kled", "kops", "scale-instance-group", NAME),
            *(f"--instance-group={GROUP}", "--size=3", "--yes"),
        ],
        env=box.env,
        cwd=box.directory,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: any(one.cordoned for one in nodes(api)))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--min=3 --max=3 --yes" in stderr


def test_an_interrupted_scale_down_is_seen_and_abandoned(box: Box, api: Api) -> None:  # fault 20
    interrupted(box, api)
    before = workers(api)

    plan = box.kled("plan", NAME)
    update = box.kled("kops", "update-cluster", NAME, "--yes")
    roll = box.kled("kops", "rolling-update", NAME)
    left = scale(box, "--abandon")
    abandoned = scale(box, "--abandon", "--yes")

    assert plan.returncode == 6  # as the update that it shows
    assert update.returncode == 6
    for done in (plan, update, roll, left):
        assert "--instance-group=nodes-us-east-1a --min=3 --max=3 --yes" in done.stderr
        assert "--instance-group=nodes-us-east-1a --abandon --yes" in done.stderr
    assert abandoned.returncode == 0, abandoned.stderr
    assert workers(api) == before
    assert not [one for one in nodes(api) if one.cordoned]
    assert "suspendProcesses" not in group(box)
    assert box.kled("plan", NAME).returncode == 0
    assert "no scale-down of nodes-us-east-1a was interrupted" in scale(box, "--abandon").stderr
    assert counted(box, "kills") == []
