"""Rolls in the sandbox: their order, what blocks them, and how they halt and go on."""

import itertools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kled.kubernetes.apply import apply
from kled.kubernetes.client import Api, connect
from kled.kubernetes.nodes import cordon, nodes
from kled.kubernetes.pods import pods
from kled.sandbox import faults
from kled.sandbox.cloud.account import ACCOUNT
from tests.boxes import Box, make_box
from tests.processes import eventually, kubernetes_apis

pytestmark = pytest.mark.slow
C = "rolls.example.com"
NAME = f"--name={C}"
TYPES = itertools.cycle(("t3.large", "t3.xlarge", "m5.large", "m5.xlarge"))
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Three control planes and three groups of workers."""
    found = make_box(tmp_path_factory.mktemp("rolls") / "box")
    created = found.kops(
        *("create", "cluster", NAME, f"--zones={','.join(ZONES)}", "--cloud=aws", "--yes"),
        *("--control-plane-count=3", "--node-count=6"),
    )
    assert created.returncode == 0, created.stderr
    yield found
    for pid in kubernetes_apis(found):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def api(box: Box, tmp_path: Path) -> Iterator[Api]:
    faults.clear(box.directory)
    path = tmp_path / "kubeconfig"
    assert box.kops("export", "kubeconfig", C, "--admin", f"--kubeconfig={path}").returncode == 0
    with connect(path) as found:
        eventually(lambda: len([one for one in nodes(found) if one.ready]) >= 9)
        yield found


def outdated(box: Box, *groups: str) -> None:
    """Make groups' machines out of date."""
    kind = next(TYPES)
    for group in groups:
        done = box.kops("edit", "ig", group, NAME, f"--set=spec.machineType={kind}")
        assert done.returncode == 0, done.stderr
    done = box.kops("update", "cluster", C, "--yes")
    assert done.returncode == 0, done.stderr


def roll(box: Box, *args: str) -> Any:
    return box.kled("kops", "rolling-update", NAME, "--yes", *args)


def web(name: str, replicas: int, group: str) -> dict[str, Any]:
    labels = {"app": name}
    spec = {
        "containers": [{"name": "main"}],
        "nodeSelector": {"kops.k8s.io/instancegroup": group},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def budget(name: str, least: int) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"minAvailable": least, "selector": {"matchLabels": {"app": name}}},
    }


def rolled(box: Box) -> list[str]:
    """The groups that kops was called for, in order."""
    return [
        word.removeprefix("--instance-group=")
        for call in box.calls()
        if call.startswith("rolling-update cluster") and "--yes=true" in call
        for word in call.split()
        if word.startswith("--instance-group=")
    ]


def nothing_is_ours(api: Api) -> bool:
    return not any(
        one.cordoned or any(taint.key.endswith("scheduled-for-update") for taint in one.taints)
        for one in nodes(api)
    )


def test_control_planes_roll_first_the_canary_before_other_workers_and_time_is_remembered(
    box: Box, api: Api
) -> None:
    groups = [*(f"nodes-{zone}" for zone in ZONES), *(f"control-plane-{zone}" for zone in ZONES)]
    outdated(box, *groups)
    before = {one.name for one in nodes(api)}

    done = roll(box, "--canary=nodes-us-east-1c")

    assert done.returncode == 0, done.stderr
    planes = [f"control-plane-{zone}" for zone in ZONES]
    workers = ["nodes-us-east-1c", "nodes-us-east-1a", "nodes-us-east-1b"]
    assert rolled(box) == [*planes, *workers]
    assert not before & {one.name for one in nodes(api)}
    assert "group 4 of 6, 6 machines left, about" in done.stderr
    assert "2 of 2 machines replaced" in done.stderr
    preview = box.kled("kops", "rolling-update", NAME)
    assert "no machine needs an update" in preview.stderr


def test_one_machine_can_be_the_canary_and_goes_alone_before_the_others(box: Box, api: Api) -> None:
    outdated(box, "nodes-us-east-1c")
    machine = next(
        one.instance
        for one in nodes(api)
        if one.labels["kops.k8s.io/instancegroup"] == "nodes-us-east-1c"
    )
    before = len(box.calls())

    done = roll(box, f"--canary={machine}")

    assert done.returncode == 0, done.stderr
    assert f"replaced {machine} as the canary; rolled nodes-us-east-1c (1)" in done.stdout
    acts = [call for call in box.calls()[before:] if "--yes=true" in call]
    assert [call.split()[0] for call in acts] == ["delete", "rolling-update"]
    assert nothing_is_ours(api)


def test_a_budget_without_room_is_named_before_anything_starts(box: Box, api: Api) -> None:
    apply(api, web("tight", 2, "nodes-us-east-1a"))
    apply(api, budget("tight", 2))
    eventually(lambda: all(one.ready for one in pods(api)))
    outdated(box, "nodes-us-east-1a", "control-plane-us-east-1a")
    before = rolled(box)

    done = roll(box)

    assert done.returncode == 1
    assert "default/tight: allows no eviction, it has 2 healthy pods and needs 2" in done.stderr
    assert "--skip-preflight" in done.stderr
    assert rolled(box) == before
    apply(api, budget("tight", 1))
    assert roll(box).returncode == 0
    kills = json.loads(
        (box.directory / "cloud" / ACCOUNT / "kubernetes" / f"{C}.json").read_text()
    )["kills"]
    assert not [one for one in kills if "tight" in one["pod"]]


def test_a_node_that_never_joins_halts_the_roll_and_nothing_stays_cordoned(
    box: Box, api: Api
) -> None:
    outdated(box, "nodes-us-east-1b")
    somebody_s = next(
        one.name
        for one in nodes(api)
        if one.labels["kops.k8s.io/instancegroup"] == "nodes-us-east-1c"
    )
    faults.inject(box.directory, "never-joins", group="nodes-us-east-1b", since=0)

    done = roll(box, "--validation-timeout=2m")

    assert done.returncode == 1
    assert 'rolling instance group "nodes-us-east-1b"' in done.stderr
    assert "has not yet joined cluster" in done.stderr
    assert "it goes on where it halted (kled kops rolling-update --name=" in done.stderr
    assert nothing_is_ours(api)

    faults.clear(box.directory)
    cordon(api, somebody_s)
    again = roll(box)
    assert again.returncode == 0, again.stderr
    assert [one.name for one in nodes(api) if one.cordoned] == [somebody_s]


def test_a_drain_that_hangs_halts_at_its_node_and_uncordons_it(box: Box, api: Api) -> None:
    document = web("stuck", 1, "nodes-us-east-1a")
    document["spec"]["template"]["metadata"]["finalizers"] = ["example.com/keep"]
    apply(api, document)
    eventually(lambda: any(one.labels.get("app") == "stuck" and one.ready for one in pods(api)))
    outdated(box, "nodes-us-east-1a")
    others = {one.name for one in nodes(api) if one.cordoned}

    done = roll(box, "--drain-timeout=1m")

    assert done.returncode == 1
    assert "halted at node i-" in done.stderr
    assert 'error when evicting pods/"stuck-' in done.stderr
    assert {one.name for one in nodes(api) if one.cordoned} == others
    document["spec"]["template"]["metadata"]["finalizers"] = []
    document["spec"]["replicas"] = 0
    apply(api, document)
