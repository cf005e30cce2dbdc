"""Which group a machine is of is a real kops' word: labels are people's own (fault 3, case 06)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.typed import Kled, typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cloud import RealCloud

pytestmark = [pytest.mark.kops, pytest.mark.slow]

CASE = Path(__file__).parents[1] / "cases" / "06-group-labels"
CLUSTER = "labelled.example.org"
NAMED = f"--name={CLUSTER}"
NODES = "nodes-us-east-1a"


@pytest.fixture
def kled(kled_env: dict[str, str], real_cloud: RealCloud, tmp_path: Path) -> Iterator[Kled]:
    """A cluster with three workers, and two of each group that people wrote by hand."""
    call = typed(kled_env)
    options = ("--zones=us-east-1a", "--node-count=3", "--dns=none")
    assert call("create-cluster", NAMED, *options).returncode == 0
    images = real_cloud.client("ec2").describe_images()["Images"]
    image = next(one["ImageId"] for one in images if one["Architecture"] == "x86_64")
    for name in ("agents", "bare"):
        text = (CASE / f"{name}.yaml").read_text().replace("c.example.com", CLUSTER)
        file = tmp_path / f"{name}.yaml"
        file.write_text(text.replace("ami-0123456789abcdef0", image))
        create = (
            kled_env["KLED_KOPS"],
            "create",
            "-f",
            str(file),
            f"--state={real_cloud.state_store}",
        )
        subprocess.run(create, env=kled_env, check=True, capture_output=True, timeout=120)
    done = call("update-cluster", NAMED, "--yes")
    assert done.returncode == 0, done.stderr
    yield call
    real_cloud.api.cluster(CLUSTER).faults.unreachable = False
    call("delete-cluster", NAMED, "--yes")


def machines(kled: Kled) -> dict[str, set[str]]:
    """Return the ids of the machines of each group, by kops' word."""
    done = kled("get-instances", NAMED, "--output=json")
    assert done.returncode == 0, done.stderr
    found: dict[str, set[str]] = {}
    for one in json.loads(done.stdout):
        found.setdefault(one["instance_group"].removesuffix(f".{CLUSTER}"), set()).add(one["id"])
    return found


def suspended(cloud: RealCloud) -> list[str]:
    """Name the groups of the cloud in which something is suspended."""
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return [one["AutoScalingGroupName"] for one in groups if one["SuspendedProcesses"]]


def test_no_machine_of_another_group_goes_and_a_failure_leaves_no_group_suspended(
    kled: Kled, real_cloud: RealCloud
) -> None:
    before = machines(kled)
    assert [len(before[one]) for one in (NODES, "agents", "bare")] == [3, 2, 2]

    real_cloud.api.cluster(CLUSTER).faults.unreachable = True
    scale = ("scale-instance-group", NAMED)
    failed = kled(*scale, f"--instance-group={NODES}", "--size=2", "--yes")
    assert failed.returncode != 0
    assert suspended(real_cloud) == []
    real_cloud.api.cluster(CLUSTER).faults.unreachable = False
    assert machines(kled) == before

    own = kled(*scale, f"--instance-group={NODES}", "--size=2", "--yes")
    bare = kled(*scale, "--instance-group=bare", "--size=1", "--yes")

    assert (own.returncode, bare.returncode) == (0, 0), own.stderr + bare.stderr
    after = machines(kled)
    assert after["agents"] == before["agents"]
    assert [len(after[one]) for one in (NODES, "bare")] == [2, 1]
    assert after[NODES] < before[NODES]
    assert after["bare"] < before["bare"]
    assert suspended(real_cloud) == []
    nodes = real_cloud.api.cluster(CLUSTER).nodes()
    assert not [one for one in nodes if one["spec"].get("unschedulable")]
