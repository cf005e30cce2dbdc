"""A real kops rolls a group, and machines leave a group drained: kled's part around it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.typed import Kled, typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cloud import RealCloud

pytestmark = [pytest.mark.kops, pytest.mark.slow]

CLUSTER = "rolled.example.org"
NAMED = f"--name={CLUSTER}"
NODES = "--instance-group=nodes-us-east-1a"
QUICK = (
    *("--node-interval=1s", "--control-plane-interval=1s", "--post-drain-delay=1s"),
    *("--drain-timeout=2m", "--validation-timeout=4m", "--validate-count=1"),
)


@pytest.fixture
def kled(kled_env: dict[str, str]) -> Iterator[Kled]:
    call = typed(kled_env)
    options = ("--zones=us-east-1a", "--node-count=3", "--dns=none")
    assert call("create-cluster", NAMED, *options).returncode == 0
    unlabelled = call("edit-instance-group", NAMED, NODES, "--unset=spec.nodeLabels")
    assert unlabelled.returncode == 0, unlabelled.stderr  # fault 3: no node names its group
    done = call("update-cluster", NAMED, "--yes")
    assert done.returncode == 0, done.stderr
    yield call
    call("delete-cluster", NAMED, "--yes")


def workers(kled: Kled) -> set[str]:
    done = kled("get-instances", NAMED, "--output=json")
    assert done.returncode == 0, done.stderr
    return {one["id"] for one in json.loads(done.stdout) if "nodes" in one["instance_group"]}


def test_a_group_shrinks_drained_and_is_rolled_with_nothing_left_cordoned(
    kled: Kled, real_cloud: RealCloud
) -> None:
    before = workers(kled)

    scaled = kled("scale-instance-group", NAMED, NODES, "--size=2", "--yes")

    assert scaled.returncode == 0, scaled.stderr
    left = workers(kled)
    assert len(left) == 2
    assert left < before
    group = json.loads(kled("get-instance-groups", NAMED, "--output=json").stdout)
    assert {"min": 2, "max": 2}.items() <= next(
        one for one in group if one["name"].startswith("nodes")
    ).items()
    assert json.loads(kled("update-cluster", NAMED, "--output=json").stdout)["changes"] == []

    kled("edit-instance-group", NAMED, NODES, "--set=spec.machineType=t3.large")
    assert kled("update-cluster", NAMED, "--yes").returncode == 0
    rolled = kled("rolling-update", NAMED, "--yes", *QUICK)

    assert rolled.returncode == 0, rolled.stderr
    assert "nodes-us-east-1a: 2 of 2 machines replaced" in rolled.stderr
    assert not workers(kled) & left
    nodes = real_cloud.api.cluster(CLUSTER).nodes()
    assert not [one for one in nodes if one["spec"].get("unschedulable")]
