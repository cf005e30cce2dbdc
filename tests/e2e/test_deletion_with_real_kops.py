"""Deletions by a real kops: the proof that nothing is left, and roles that two clusters share."""

from __future__ import annotations

import json
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
    real_cloud.client("s3").create_bucket(Bucket=SECOND)
    config = tmp_path / "config.toml"
    stores = (real_cloud.state_store, f"s3://{SECOND}")
    config.write_text("".join(f'[state-stores."{one}"]\n' for one in stores))
    (tmp_path / "snapshots").mkdir()
    kept = {"KLED_SNAPSHOT_STORE": (tmp_path / "snapshots").as_uri()}
    return typed(kled_env | {"KLED_CONFIG": str(config)} | kept)


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
    assert kled("create-cluster", NAMED, "--zones=us-east-1b", *OPTIONS).returncode == 0
    taken = kled("create-cluster", NAMED, f"--zones={WEST}a", *OPTIONS, *west, **elsewhere)
    assert taken.returncode == 6
    assert f"masters.{C}, nodes.{C} of cluster" in one_line(taken)
    assert real_cloud.client("s3").list_objects_v2(Bucket=SECOND, Prefix=f"{C}/")["KeyCount"] == 0
    stored = kled("create-cluster", NAMED, f"--zones={WEST}a", *OPTIONS[:2], *west, **elsewhere)
    assert stored.returncode == 0, stored.stderr
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
