"""Updates by a real kops: approved plans that are applied in pieces, refusals, and the flow."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.typed import Kled, one_line, typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = [pytest.mark.kops, pytest.mark.slow]

OPTIONS = ("--zones=us-east-1a", "--node-count=2", "--dns=none")
NODES = "--instance-group=nodes-us-east-1a"
LIMIT_SECONDS = 300
_DYING = """#!{python}
import subprocess, sys
kops, at, argv = {kops!r}, {at}, sys.argv[1:]
applies = argv[:2] == ["update", "cluster"] and "--yes=true" in argv
child = subprocess.Popen([kops, *argv], stderr=subprocess.PIPE, text=True)
for line in child.stderr:
    sys.stderr.write(line)
    at -= applies and "executor.go" in line and "Tasks: " in line
    if at == 0:
        child.kill()
        break
sys.exit(min(child.wait(), 125) if child.wait() >= 0 else 137)
"""


@pytest.fixture
def kled(kled_env: dict[str, str]) -> Kled:
    return typed(kled_env)


@pytest.fixture
def stored(kled: Kled, request: pytest.FixtureRequest) -> Iterator[str]:
    """A cluster that is stored and not applied; it makes room for others at the end."""
    name = f"{request.node.name.replace('_', '-').replace('[', '-').rstrip(']')[-24:].strip('-')}"
    cluster = f"{name}.example.org"
    assert kled("create-cluster", f"--name={cluster}", *OPTIONS).returncode == 0
    yield cluster
    kled("delete-cluster", f"--name={cluster}", "--yes")


def previewed(kled: Kled, cluster: str) -> Any:
    done = kled("update-cluster", f"--name={cluster}", "--output=json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("line", [2, 3, 5, 7])
def test_an_approval_outlives_a_kops_that_dies_halfway(
    kled: Kled, stored: str, real_kops: Path, tmp_path: Path, line: int
) -> None:
    plan = previewed(kled, stored)
    dying = tmp_path / "kops"
    dying.write_text(_DYING.format(python=sys.executable, kops=str(real_kops), at=line))
    dying.chmod(0o755)
    approved = ("update-cluster", f"--name={stored}", "--yes", f"--digest={plan['digest'][:12]}")

    died = kled(*approved, KLED_KOPS=str(dying))
    left = previewed(kled, stored)
    again = kled(*approved)

    assert died.returncode == 1, died.stderr
    assert 0 < len(left["changes"]) < len(plan["changes"])
    assert again.returncode == 0, again.stderr
    assert "the rest of the plan" in again.stdout
    assert previewed(kled, stored)["changes"] == []


def test_a_refusal_that_kops_would_wait_out_ends_the_update_at_once(
    kled: Kled, real_kops: Path, real_cloud: RealCloud
) -> None:
    ec2, named = real_cloud.client("ec2"), "--name=taken.example.org"
    network = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=network, InternetGatewayId=gateway)
    ec2.create_subnet(VpcId=network, CidrBlock="172.20.0.0/17")
    shared = (*OPTIONS, f"--network-id={network}")
    subprocess.run([real_kops, "create", "cluster", named, *shared], env=real_cloud.env, check=True)

    refused = kled("update-cluster", named, "--yes")

    assert refused.returncode == 1
    assert "AWS refuses the call: InvalidSubnet.Conflict" in one_line(refused)
    kled("delete-cluster", named, "--yes")


def test_the_radius_names_what_rolls_and_what_the_group_would_end(kled: Kled, stored: str) -> None:
    named = f"--name={stored}"
    assert previewed(kled, stored)["radius"]["rolls"] == []
    assert kled("update-cluster", named, "--yes").returncode == 0
    kled("edit-instance-group", named, NODES, "--set=spec.machineType=t3.large")
    kled("scale-instance-group", named, NODES, "--min=1", "--max=1")

    radius = previewed(kled, stored)["radius"]

    group = {"instance_group": "nodes-us-east-1a"}
    assert radius["rolls"] == [group | {"role": "node", "machines": 2}]
    assert radius["ended"] == [group | {"machines": 1}]
    assert (radius["blocking"], radius["services"]) == ([], []), radius["unknown"]
    assert radius["unknown"] == {}


@pytest.mark.prefect
def test_the_flow_applies_an_approved_plan_and_validates(
    kled: Kled, stored: str, kled_env: dict[str, str], tmp_path: Path
) -> None:
    digest = previewed(kled, stored)["digest"][:12]
    run = (sys.executable, "-m", "kled", "run", "update-cluster", f"name={stored}", "--yes")

    done = subprocess.run(
        [*run, f"digest={digest}", "--output=json"],
        env=kled_env | {"KLED_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )

    assert done.returncode == 0, done.stderr
    steps = [row["step"] for row in json.loads(done.stdout)["steps"]]
    assert steps == ["check identity", "check approval", "update cluster", "validate cluster"]
