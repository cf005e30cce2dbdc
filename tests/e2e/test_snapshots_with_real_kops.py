"""A deleted cluster's state comes back from its snapshot, and a real kops takes it for its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = pytest.mark.kops

CLUSTER = "comeback.example.org"
NAMED = f"--name={CLUSTER}"


def objects(cloud: RealCloud) -> dict[str, bytes]:
    """Return the cluster's objects as another reader sees them.

    Without etcd's live state, and without the count that a restore may raise.
    """
    s3 = cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=cloud.bucket, Prefix=f"{CLUSTER}/").get("Contents", [])
    return {
        one["Key"]: re.sub(
            rb"\n  generation: \d+",
            b"",
            s3.get_object(Bucket=cloud.bucket, Key=one["Key"])["Body"].read(),
        )
        for one in listed
        if "/control/" not in one["Key"]
    }


def typed(env: dict[str, str], directory: Path, *words: str) -> str:
    """Return what a command prints that ends well."""
    done = subprocess.run(
        [sys.executable, "-m", "kled", *words],
        env=env,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_deleted_cluster_comes_back_with_its_keys(
    real_cloud: RealCloud, kled_env: dict[str, str], tmp_path: Path
) -> None:
    snapshots = tmp_path / "snapshots"
    snapshots.mkdir()
    env = kled_env | {"KLED_SNAPSHOT_STORE": f"file://{snapshots}"}
    kled = partial(typed, env, tmp_path)
    options = ("--zones=us-east-1c", "--node-count=1", "--dns=none", "--yes")
    kled("kops", "create-cluster", NAMED, *options)
    created = json.loads(kled("snapshot", "create", NAMED, "--output=json"))
    taken = created["id"]
    proved = json.loads(
        kled("snapshot", "verify", NAMED, f"--snapshot={taken}", "--level=2", "--output=json")
    )
    before = objects(real_cloud)
    keysets = [key for key in before if "/pki/private/" in key]
    kled("kops", "delete-cluster", NAMED, "--yes")
    gone = objects(real_cloud)
    kled("snapshot", "restore", NAMED, f"--snapshot={taken}", "--yes")
    preview = json.loads(kled("kops", "update-cluster", NAMED, "--output=json"))

    assert created["level"] == 2  # at birth: fault 76
    assert (proved["level"], proved["findings"]) == (2, [])
    assert len(keysets) == 8
    assert gone == {}
    assert objects(real_cloud) == before
    made = {change["kind"] for change in preview["changes"] if change["action"] == "create"}
    assert "AutoscalingGroup" in made
    assert not made & {"Keypair", "Secret"}
    kled("kops", "delete-cluster", NAMED, "--yes", "--no-snapshot")
