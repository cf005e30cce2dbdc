"""A cluster in one zone of a real kops: previews, rolling for real, tables, and a held lease."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.typed import LIMIT_SECONDS, Kled, one_line, rows, typed, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = pytest.mark.kops

CLUSTER = "basalt-7.example.net"
NAMED = f"--name={CLUSTER}"
OPTIONS = ("--zones=us-east-1d", "--node-count=2", "--dns=none")
QUICK = ("--node-interval=1s", "--post-drain-delay=1s", "--validate-count=1")


@pytest.fixture(scope="module")
def kled(kled_env: dict[str, str]) -> Kled:
    return typed(kled_env)


@pytest.fixture(scope="module")
def previewed(kled: Kled) -> subprocess.CompletedProcess[str]:
    return kled("create-cluster", NAMED, *OPTIONS)


@pytest.fixture(scope="module")
def cluster(kled: Kled, previewed: subprocess.CompletedProcess[str]) -> str:
    """The previewed cluster, applied."""
    done = kled("create-cluster", NAMED, *OPTIONS, "--yes")
    assert done.returncode == 0, done.stderr
    return CLUSTER


def stored(cloud: RealCloud, cluster: str) -> dict[str, str]:
    """Return the keys of the state store's cluster, each with its ETag; not kled's lease."""
    listed = cloud.client("s3").list_objects_v2(Bucket=cloud.bucket, Prefix=f"{cluster}/")
    return {one["Key"]: one["ETag"] for one in listed["Contents"] if "kled" not in one["Key"]}


def test_a_preview_shows_what_would_be_made_and_makes_no_machine(
    previewed: subprocess.CompletedProcess[str], real_cloud: RealCloud
) -> None:
    groups = real_cloud.client("autoscaling").describe_auto_scaling_groups()

    assert previewed.returncode == 0, previewed.stderr
    assert f"nodes-us-east-1d.{CLUSTER}" in previewed.stdout
    assert f"update-cluster --name={CLUSTER} --yes" in previewed.stderr
    assert groups["AutoScalingGroups"] == []


def test_every_table_has_its_rows(kled: Kled, cluster: str) -> None:
    wanted = {
        ("get-clusters",): cluster,
        ("get-instance-groups", NAMED): "nodes-us-east-1d",
        ("get-instances", NAMED): "nodes-us-east-1d",
        ("get-secrets", NAMED): "kube",
        ("get-keypairs", NAMED): "kubernetes-ca",
    }
    for line, says in wanted.items():
        seen = kled(*line)
        assert seen.returncode == 0, seen.stderr
        assert says in seen.stdout, line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("spec: {machineType: t3.large", "YAML"),
        (
            (
                "apiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n"
                f"  labels:\n    kops.k8s.io/cluster: {CLUSTER}\n  name: nodes-us-east-1d\n"
                "spec:\n  role: Node\n  machineTipe: t3.large\n"
            ),
            "machineTipe",
        ),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_stored(
    kled: Kled, cluster: str, real_cloud: RealCloud, tmp_path: Path, text: str, says: str
) -> None:
    file, before = tmp_path / "group.yaml", stored(real_cloud, cluster)
    file.write_text(text)

    done = kled("edit-instance-group", NAMED, "--instance-group=nodes", f"--file={file}")

    assert done.returncode in {1, 2}
    assert says in one_line(done)
    assert "hint: " in done.stderr
    assert stored(real_cloud, cluster) == before


def test_an_old_kops_changes_nothing(
    kled: Kled, cluster: str, real_cloud: RealCloud, real_kops: Path, tmp_path: Path
) -> None:
    old, before = tmp_path / "kops", stored(real_cloud, cluster)
    old.write_text(
        f'#!/bin/sh\n[ "$1" = version ] || exec {real_kops} "$@"\n'
        "echo 'Client version: 1.29.1 (git-v1.29.1)'\n"
    )
    old.chmod(0o755)

    done = kled("update-cluster", NAMED, "--yes", KLED_KOPS=str(old))

    assert done.returncode == 1
    assert "1.29.1 is too old" in one_line(done)
    assert "hint: " in done.stderr
    assert stored(real_cloud, cluster) == before


def test_a_kubeconfig_that_cannot_be_written_is_one_clear_line(kled: Kled, cluster: str) -> None:
    done = kled("export-kubecfg", NAMED, "--kubeconfig=/dev/null/kubeconfig")

    assert done.returncode in {1, 2}
    assert "/dev/null/kubeconfig" in one_line(done)


def test_the_start_of_a_name_edits_and_rolls_the_group(kled: Kled, cluster: str) -> None:
    group = "--instance-group=nodes"
    edited = kled(
        *("edit-instance-group", NAMED, group, "--set=spec.machineType=t3.large"),
        *("--min=2", "--max=4"),
    )
    applied = kled("update-cluster", NAMED, "--yes")
    needed = rolling(kled)
    rolled = kled("rolling-update", NAMED, group, *QUICK, "--yes")
    after = rolling(kled)

    assert edited.returncode == 0, edited.stderr
    assert applied.returncode == 0, applied.stderr
    assert rolled.returncode == 0, rolled.stderr
    assert needed["nodes-us-east-1d"][:3] == ["NeedsUpdate", "2", "0"]
    assert after["nodes-us-east-1d"] == ["Ready", "0", "2", "2", "2", "4", "2"]


def rolling(kled: Kled) -> dict[str, list[str]]:
    """Return the table of `rolling-update`: each group with its columns."""
    seen = kled("rolling-update", NAMED)
    assert seen.returncode == 0, seen.stderr
    return {line.split()[0]: line.split()[1:] for line in seen.stdout.splitlines() if line}


def test_a_holder_at_work_is_named_then_waited_for(
    kled: Kled, kled_env: dict[str, str], cluster: str, real_kops: Path, tmp_path: Path
) -> None:
    reached, go, slow = tmp_path / "reached", tmp_path / "go", tmp_path / "kops"
    slow.write_text(
        f'#!/bin/sh\ncase "$1" in update) touch {reached}\n'
        f'while [ ! -e {go} ]; do sleep 0.1; done;; esac\nexec {real_kops} "$@"\n'
    )
    slow.chmod(0o755)
    update = ("update-cluster", NAMED, "--yes")
    first = started(kled_env | {"KLED_KOPS": str(slow)}, *update)
    until(reached.exists)
    refused = kled(*update, KLED_LEASE_WAIT="0")
    second = started(kled_env | {"KLED_LEASE_WAIT": "200"}, *update)
    go.touch()
    said = [one.communicate(timeout=LIMIT_SECONDS)[1] for one in (first, second)]

    assert refused.returncode == 5
    assert "held by" in one_line(refused)
    assert [first.returncode, second.returncode] == [0, 0], said
    assert len(rows(kled("get-clusters", "--output=json"))) == 1


def started(env: dict[str, str], *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words(*args),
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(happened: Callable[[], bool]) -> None:
    for _ in range(LIMIT_SECONDS * 10):
        if happened():
            return
        time.sleep(0.1)
    pytest.fail("the holder never called kops")
