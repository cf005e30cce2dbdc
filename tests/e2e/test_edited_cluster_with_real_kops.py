"""A real kops takes a cluster's edited text through kled, and reads a definition whose places kled
rewrote where the cluster's state was restored into another bucket (fault 25)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.typed import Kled, one_line, typed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.cloud import RealCloud

pytestmark = pytest.mark.kops
C = "edited-4.example.org"
NAMED = f"--name={C}"
CREATE = ("create-cluster", NAMED, "--zones=us-east-1d", "--node-count=1", "--dns=none")


@pytest.fixture(scope="module")
def kled(kled_env: dict[str, str]) -> Kled:
    found = typed(kled_env)
    done = found(*CREATE)
    assert done.returncode == 0, done.stderr
    return found


def stored(kled: Kled, *more: str) -> dict[str, Any]:
    shown = kled("get-clusters", NAMED, "--output=json", *more)
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)["cluster"]
    return found


def test_an_edited_text_is_stored_whole_and_a_wrong_field_is_named(
    kled: Kled, tmp_path: Path
) -> None:
    file, cluster = tmp_path / "cluster.json", stored(kled)
    spec = {**cluster["spec"], "cloudLabels": {"account": "089", "on": "y"}}
    file.write_text(json.dumps({**cluster, "spec": {**spec, "sshAccess": ["10.0.0.0/8"]}}))

    done = kled("edit-cluster", NAMED, f"--file={file}")

    assert done.returncode == 0, done.stderr
    assert "spec.sshAccess: ['0.0.0.0/0', '::/0'] -> ['10.0.0.0/8']" in done.stdout
    assert stored(kled)["spec"]["cloudLabels"] == {"account": "089", "on": "y"}
    file.write_text(json.dumps({**cluster, "spec": {**spec, "channel": "alpha"}}))
    old = kled("edit-cluster", NAMED, f"--file={file}")
    assert "with generation 0, and the stored one has generation 1" in one_line(old)
    file.write_text(json.dumps({**stored(kled), "spec": {**spec, "sshAcess": []}}))
    file.write_text(file.read_text().replace('"sshAcess": []', '"sshAcess": ["10.0.0.0/8"]'))
    refused = kled("edit-cluster", NAMED, f"--file={file}")
    assert "sshAcess" in one_line(refused)
    assert stored(kled)["spec"]["sshAccess"] == ["10.0.0.0/8"]


def test_a_definition_with_rewritten_places_is_read_from_its_new_bucket(
    kled: Kled, kled_env: dict[str, str], real_cloud: RealCloud, tmp_path: Path
) -> None:
    s3, home = real_cloud.client("s3"), kled_env["KOPS_STATE_STORE"]
    s3.create_bucket(Bucket="second-state")
    kept = {"KLED_SNAPSHOT_STORE": tmp_path.as_uri()}

    def snapshot(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kled", "snapshot", *words, NAMED]
        return subprocess.run(
            command, env=kled_env | kept, capture_output=True, text=True, check=False
        )

    assert snapshot("create").returncode == 0
    restored = snapshot(
        "restore", "--snapshot=latest", "--to=s3://second-state", "--rewrite-places", "--yes"
    )

    assert restored.returncode == 0, restored.stderr
    assert f"spec.configBase: {home}/{C} -> s3://second-state/{C}" in restored.stderr
    there = stored(kled, "--state=s3://second-state")
    assert there["spec"]["configBase"] == f"s3://second-state/{C}"
    assert home not in json.dumps(there["spec"])
