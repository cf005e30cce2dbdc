"""Deletions by a real kops: the proof that nothing is left, and roles that two clusters share."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cloud import aws_client
from tests.e2e.typed import Kled, one_line, typed

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = [pytest.mark.kops, pytest.mark.slow]

C = "twice.example.org"
NAMED = f"--name={C}"
WEST, SECOND = "eu-west-1", "kled-e2e-second"
OPTIONS = ("--node-count=1", "--dns=none", "--yes")


@pytest.fixture
def kled(real_cloud: RealCloud, kled_env: dict[str, str], tmp_path: Path) -> Kled:
    """Two state stores of one account, both in the settings file, and a snapshot store."""
    real_cloud.client("s3").create_bucket(Bucket=SECOND)  # again is fine in this region
    config = tmp_path / "config.toml"
    stores = (real_cloud.state_store, f"s3://{SECOND}")
    config.write_text("".join(f'[state-stores."{one}"]\n' for one in stores))
    (tmp_path / "snapshots").mkdir()
    kept = {"KLED_SNAPSHOT_STORE": (tmp_path / "snapshots").as_uri()}
    return typed(kled_env | {"KLED_CONFIG": str(config)} | kept)


_DYING = """#!{python}
import subprocess, sys
kops, at, argv = {kops!r}, {at}, sys.argv[1:]
deletes = argv[:2] == ["delete", "cluster"] and "--yes=true" in argv
child = subprocess.Popen([kops, *argv], stdout=subprocess.PIPE, text=True)
for line in child.stdout:
    sys.stdout.write(line)
    at -= deletes and line.endswith("\\tok\\n")
    if at == 0:
        child.kill()
        break
sys.exit(min(child.wait(), 125) if child.wait() >= 0 else 137)
"""


@pytest.mark.parametrize("at", [1, 9, 20])
def test_an_approved_deletion_goes_on_where_kops_died(
    kled: Kled, real_cloud: RealCloud, real_kops: Path, tmp_path: Path, at: int
) -> None:
    named = f"--name=halfway-{at}.example.org"
    stored = kled("create-cluster", named, "--zones=us-east-1b", *OPTIONS[:2])
    assert stored.returncode == 0, stored.stderr
    assert kled("update-cluster", named, "--yes").returncode == 0
    plan = json.loads(kled("delete-cluster", named, "--output=json").stdout)
    approved = ("delete-cluster", named, "--yes", f"--digest={plan['digest'][:12]}")
    dying = tmp_path / "kops"
    dying.write_text(_DYING.format(python=sys.executable, kops=str(real_kops), at=at))
    dying.chmod(0o755)

    died = kled(*approved, KLED_KOPS=str(dying))
    left = json.loads(kled("delete-cluster", named, "--output=json").stdout)
    done = kled(*approved, "--output=json")

    assert died.returncode == 1, died.stderr
    assert len(left["changes"]) < len(plan["changes"])
    proof = steps(done)["prove that nothing is left"]
    assert proof == "no object is left; kops finds no cloud resources"


def roles(cloud: RealCloud) -> set[str]:
    return {one["RoleName"] for one in cloud.client("iam").list_roles()["Roles"]}


def steps(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    return {row["step"]: row["words"] for row in json.loads(done.stdout)["steps"]}


def test_a_deletion_takes_the_roles_of_a_namesake_only_where_it_is_told_to(
    kled: Kled, real_cloud: RealCloud
) -> None:
    mine = {f"masters.{C}", f"nodes.{C}"}
    west = (f"--state=s3://{SECOND}", "--no-epoch")
    elsewhere = {"AWS_REGION": WEST, "AWS_DEFAULT_REGION": WEST}
    elsewhere["KLED_SNAPSHOT_STORE"] = ""  # snapshots go by a cluster's name
    assert kled("create-cluster", NAMED, "--zones=us-east-1b", *OPTIONS).returncode == 0
    taken = kled("create-cluster", NAMED, f"--zones={WEST}a", *OPTIONS, *west, **elsewhere)
    assert taken.returncode == 6
    assert f"iam-role masters.{C}, iam-role nodes.{C} of it already" in one_line(taken)
    assert real_cloud.client("s3").list_objects_v2(Bucket=SECOND, Prefix=f"{C}/")["KeyCount"] == 0
    anew = (*west, f"--new-identity={C}")
    stored = kled("create-cluster", NAMED, f"--zones={WEST}a", *OPTIONS[:2], *anew, **elsewhere)
    assert stored.returncode == 6, stored.stderr  # stored; an update would be refused
    assert "the IAM roles of cluster" in stored.stderr
    made = kled("update-cluster", NAMED, "--yes", *west, "--no-role-check", **elsewhere)
    assert made.returncode == 0, made.stderr

    refused = kled("delete-cluster", NAMED, "--yes")
    assert refused.returncode == 6
    assert f"s3://{SECOND}" in one_line(refused)
    assert mine <= roles(real_cloud)

    done = kled("delete-cluster", NAMED, "--yes", "--no-role-check", "--output=json")

    assert steps(done)["prove that nothing is left"] == (
        "no object is left; kops finds no cloud resources"
    )
    assert not mine & roles(real_cloud)
    last = kled("delete-cluster", NAMED, "--yes", "--output=json", *west, **elsewhere)
    assert "kops finds no cloud resources" in steps(last)["prove that nothing is left"]
    ec2 = aws_client("ec2", real_cloud.endpoint)
    named = [{"Name": "tag:KubernetesCluster", "Values": [C]}]
    assert ec2.describe_vpcs(Filters=named)["Vpcs"] == []
