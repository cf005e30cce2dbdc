"""A create killed after any call of the real kops ends as an undisturbed one; so does the flow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = [pytest.mark.kops, pytest.mark.slow]

LIMIT_SECONDS = 300


def counting(kops: Path, directory: Path, *, kill_after: int = 0) -> Path:
    """Return a kops that counts its calls, and kills kled after one of them."""
    directory.mkdir(parents=True)
    calls, program = directory / "calls", directory / "kops"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {calls}\n'
        f"n=$(wc -l < {calls})\n"
        f'{kops} "$@"; code=$?\n'
        f'[ "$n" = {kill_after} ] && kill -9 $PPID\n'
        "exit $code\n"
    )
    program.chmod(0o755)
    return program


def create(
    name: str, env: dict[str, str], kops: Path, directory: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "kled", "kops", "create-cluster", f"--name={name}"),
            *("--zones=us-east-1a", "--node-count=2", "--dns=none", "--yes"),
            f"--kubeconfig={directory / 'kubeconfig'}",
        ],
        env=env | {"KLED_KOPS": str(kops), "KLED_LEASE_TTL": "6"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )


def outcome(cloud: RealCloud, name: str) -> dict[str, Any]:
    """Return what an operator would compare: keys and definition, and what AWS has of it."""
    s3, ours = cloud.client("s3"), [{"Name": "tag:KubernetesCluster", "Values": [name]}]
    listed = s3.list_objects_v2(Bucket=cloud.bucket, Prefix=f"{name}/")["Contents"]
    keys = [re.sub(r"[0-9a-f]{32}", "MD5", one["Key"].removeprefix(name)) for one in listed]
    config = s3.get_object(Bucket=cloud.bucket, Key=f"{name}/config")["Body"].read().decode()
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    running = [*ours, {"Name": "instance-state-name", "Values": ["running"]}]
    ec2 = cloud.client("ec2")
    return {
        "keys": keys,
        "config": re.sub(r"creationTimestamp: .*", "", config).replace(name, "NAME"),
        "groups": sorted(
            (one["AutoScalingGroupName"].replace(name, "NAME"), one["DesiredCapacity"])
            for one in groups
            if one["AutoScalingGroupName"].endswith(name)
        ),
        "subnets": len(ec2.describe_subnets(Filters=ours)["Subnets"]),
        "vpcs": len(ec2.describe_vpcs(Filters=ours)["Vpcs"]),
        "machines": sum(
            len(one["Instances"]) for one in ec2.describe_instances(Filters=running)["Reservations"]
        ),
    }


def forget(cloud: RealCloud, env: dict[str, str], kops: Path, name: str) -> None:
    """Make room: a region of this cloud has five VPCs."""
    subprocess.run(
        [kops, "delete", "cluster", f"--name={name}", "--yes"],
        env=env,
        capture_output=True,
        check=True,
        timeout=LIMIT_SECONDS,
    )


def test_a_create_killed_after_any_call_ends_like_an_undisturbed_one(
    real_kops: Path, real_cloud: RealCloud, kled_env: dict[str, str], tmp_path: Path
) -> None:
    calm = tmp_path / "calm"
    done = create("calm-00.example.org", kled_env, counting(real_kops, calm), calm)
    assert done.returncode == 0, done.stderr
    expected = outcome(real_cloud, "calm-00.example.org")
    calls = len((calm / "calls").read_text().splitlines())
    assert calls > 4
    forget(real_cloud, kled_env, real_kops, "calm-00.example.org")

    for call in range(1, calls + 1):
        name, directory = f"kill-{call:02d}.example.org", tmp_path / str(call)
        kops = counting(real_kops, directory, kill_after=call)
        killed = create(name, kled_env, kops, directory)
        again = create(name, kled_env, kops, directory)

        assert killed.returncode == -9, f"call {call}: {killed.stderr}"
        assert again.returncode == 0, f"call {call}: {again.stderr}"
        assert outcome(real_cloud, name) == expected, f"call {call}"
        forget(real_cloud, kled_env, real_kops, name)


@pytest.mark.prefect
def test_the_flow_creates_validates_and_exports(
    real_kops: Path, real_cloud: RealCloud, kled_env: dict[str, str], tmp_path: Path
) -> None:
    name, kubeconfig = "flow-00.example.org", tmp_path / "kubeconfig"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "kled", "run", "create-cluster", f"name={name}"),
            *("zones=us-east-1a", "node-count=2", "dns=none", f"kubeconfig={kubeconfig}"),
            "--output=json",
        ],
        env=kled_env | {"KLED_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )

    assert done.returncode == 0, done.stderr
    steps = [row["step"] for row in json.loads(done.stdout)["steps"]]
    assert steps == [
        "check settings",
        "check that it is new",
        "check identity",
        "check IAM roles",
        "store definition",
        "update cluster",
        "validate cluster",
        "export kubeconfig",
    ]
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    forget(real_cloud, kled_env, real_kops, name)
