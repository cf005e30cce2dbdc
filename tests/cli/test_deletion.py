"""Deleting a cluster: what stops it, what proves its end, and the way back."""

import json
from pathlib import Path

import pytest

from tests.boxes import Box, make_box

pytestmark = pytest.mark.slow
C = "gone.example.com"
NAME = f"--name={C}"
ETCD = Path(__file__).parents[1] / "captures" / "etcd" / "etcd-3.6.gz"
CREATE = ("create-cluster", NAME, "--zones=us-east-1a", "--node-count=2", "--cloud=aws")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A healthy cluster with an etcd backup, and a snapshot store."""
    box = make_box(tmp_path / "box")
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    made = box.kled("kops", *CREATE, "--yes")
    assert made.returncode == 0, made.stderr
    backup = box.directory / "state" / C / "backups/etcd/main/2026-11-24T23:45:00Z-000075"
    backup.mkdir(parents=True)
    (backup / "_etcd_backup.meta").write_text("{}")
    (backup / "etcd.backup.gz").write_bytes(ETCD.read_bytes())
    return box


def cloud(box: Box) -> list[str]:
    """Return the names of all resources in the cloud, machines included."""
    return [
        key
        for path in (box.directory / "cloud").rglob("*.json")
        for part in ("resources", "instances")
        for key in json.loads(path.read_text())[part]
    ]


def steps(stdout: str) -> dict[str, str]:
    return {row["step"]: row["words"] for row in json.loads(stdout)["steps"]}


def test_a_deleted_clusters_state_comes_back_and_the_cluster_with_it(box: Box) -> None:
    before = box.state()
    deleted = box.kled("kops", "delete-cluster", NAME, "--yes", "--output=json")
    assert deleted.returncode == 0, deleted.stderr
    words = steps(deleted.stdout)
    assert words["prove that nothing is left"] == "no object is left; kops finds no cloud resources"
    assert "1 etcd backups copied" in words["take the final snapshot"]
    assert box.state() == {}
    assert cloud(box) == []

    restored = box.kled("snapshot", "restore", NAME, "--snapshot=latest", "--yes")
    assert restored.returncode == 0, restored.stderr
    back = box.state()
    assert {key for key in before if "/control/" not in key} == back.keys()
    assert all(back[key] == before[key] for key in back)
    updated = box.kled("kops", "update-cluster", NAME, "--yes")
    assert updated.returncode == 0, updated.stderr
    assert cloud(box)
    validated = box.kled("kops", "validate-cluster", NAME, "--wait=10m")

    assert validated.returncode == 0, validated.stderr
    after = box.state()
    keys = [key for key in before if "/pki/private/" in key or "/secrets/" in key]
    assert keys
    assert all(after[key] == before[key] for key in keys)


def test_the_preview_names_all_that_goes_and_its_digest_outlives_a_replaced_machine(
    box: Box,
) -> None:
    shown = box.kled("kops", "delete-cluster", NAME, "--output=json")
    plan = json.loads(shown.stdout)
    kinds = {one["kind"] for one in plan["changes"]}
    assert {"vpc", "iam-role", "instances", "definition", "etcd backups"} <= kinds
    assert f"--digest={plan['digest'][:12]}" in shown.stderr
    refused = box.kled("kops", "delete-cluster", NAME, "--yes", "--digest=0123456789ab")
    assert refused.returncode == 6
    assert "kled kops delete-cluster" in refused.stderr
    machines = json.loads(box.kops("get", "instances", NAME, "-ojson").stdout)
    ended = box.kops("delete", "instance", machines[-1]["id"], NAME, "--cloudonly", "--yes")
    assert ended.returncode == 0, ended.stderr

    done = box.kled("kops", "delete-cluster", NAME, "--yes", f"--digest={plan['digest'][:12]}")

    assert done.returncode == 0, done.stderr


def test_a_foreign_object_is_found_before_anything_is_deleted(box: Box) -> None:
    (box.directory / "state" / C / "notes.txt").write_text("who wrote this?")
    before = cloud(box)

    done = box.kled("kops", "delete-cluster", NAME, "--yes")

    assert done.returncode == 6
    assert "notes.txt is not an object of kops" in done.stderr
    assert cloud(box) == before


def test_a_snapshot_store_inside_of_the_cluster_is_refused(box: Box) -> None:
    inside = box.directory / "state" / C / "backups" / "kept"
    inside.mkdir()

    done = box.kled("kops", "delete-cluster", NAME, "--yes", f"--snapshot-store={inside.as_uri()}")

    assert done.returncode == 2
    assert "one lies within the other" in done.stderr
    assert cloud(box)


def test_an_unregistered_clusters_state_comes_back(box: Box) -> None:
    machines = cloud(box)
    done = box.kled("kops", "delete-cluster", NAME, "--unregister", "--yes", "--output=json")

    assert done.returncode == 0, done.stderr
    assert "1 etcd backups copied" in steps(done.stdout)["take the final snapshot"]
    assert cloud(box) == machines
    assert box.state() == {}
    restore = ("snapshot", "restore", NAME, "--snapshot=latest", "--with-control", "--yes")
    assert " ".join(restore) in steps(done.stdout)["unregister cluster"]
    restored = box.kled(*restore)
    assert restored.returncode == 0, restored.stderr
    assert "No changes need to be applied" in box.kops("update", "cluster", NAME).stdout
