"""The commands of `kled recover plan` lead back as they are printed, in each case."""

import json
import shutil
from pathlib import Path

import pytest

from tests.boxes import Box
from tests.cli.lost_clusters import (
    NAME,
    RECORDED,
    C,
    age_pair,
    begin_deletion,
    end_api,
    is_healthy,
    keep_etcd_backup,
    keys_of,
    lived_box,
    lose_control_plane,
    plan,
    type_commands,
)


@pytest.fixture
def lived(tmp_path: Path) -> Box:
    return lived_box(tmp_path)


def test_a_deleted_prefix_comes_back_as_the_plan_says(lived: Box) -> None:
    before = keys_of(lived)
    shutil.rmtree(lived.directory / "state" / C)

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "state-lost"
    assert planned["rpo_seconds"]["state"] < 600
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert is_healthy(lived)
    assert plan(lived, exits=0)["diagnosis"]["case"] == "nothing-lost"


def test_a_damaged_definition_comes_back_as_the_plan_says(lived: Box) -> None:
    config = lived.directory / "state" / C / "config"
    config.write_bytes(config.read_bytes()[:80] + b": [")

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "state-lost"
    assert "config" in planned["diagnosis"]["reasons"][0]
    type_commands(lived, planned)

    assert is_healthy(lived)
    assert plan(lived, exits=0)


def test_deleted_keysets_come_back_alone_and_newer_edits_stay(lived: Box) -> None:
    before = keys_of(lived)
    edit = ("kops", "edit-cluster", NAME, "--set=spec.cloudLabels.team=blue", "--no-snapshot")
    assert lived.kled(*edit).returncode == 0
    shutil.rmtree(lived.directory / "state" / C / "pki" / "private" / "kubernetes-ca")

    planned = plan(lived, exits=3)
    (restore,) = [step for step in planned["steps"] if step["key"] == "restore-state"]
    assert "--class=identity" in restore["command"]
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert b"team: blue" in (lived.directory / "state" / C / "config").read_bytes()
    assert is_healthy(lived)


def test_a_group_that_lost_its_definition_comes_back_alone(lived: Box) -> None:
    """kops forgets its machines and calls the cluster healthy; newer edits of others stay."""
    more = ("kops", "create-instance-group", NAME, "--instance-group=spot", "--subnet=us-east-1a")
    assert lived.kled(*more).returncode == 0
    assert lived.kled("kops", "update-cluster", NAME, "--yes").returncode == 0
    assert lived.kled("snapshot", "create", NAME).returncode == 0
    group = lived.directory / "state" / C / "instancegroup" / "spot"
    before = group.read_bytes()
    group.unlink()

    planned = plan(lived, exits=3)
    assert any("machines of spot run" in reason for reason in planned["diagnosis"]["reasons"])
    type_commands(lived, planned)

    assert group.read_bytes().split(b"spec:")[1] == before.split(b"spec:")[1]
    assert plan(lived, exits=0)


def test_a_lost_state_store_is_made_again_at_its_place(lived: Box) -> None:
    before = keys_of(lived)
    shutil.rmtree(lived.directory / "state")

    planned = plan(lived, exits=3)
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert is_healthy(lived)


def test_on_a_fresh_machine_nothing_but_the_snapshot_store_is_named(lived: Box) -> None:
    """The state store is gone, and nothing names it: neither settings nor environment."""
    before = keys_of(lived)
    shutil.rmtree(lived.directory / "state")
    del lived.env["KOPS_STATE_STORE"]

    planned = plan(lived, exits=3)
    assert planned["evidence"]["state_store"] == (lived.directory / "state").as_uri()
    type_commands(lived, planned)

    assert keys_of(lived) == before


def test_the_state_moves_to_another_store_as_the_plan_says(lived: Box) -> None:
    before, new = keys_of(lived), (lived.directory / "new").as_uri()
    shutil.rmtree(lived.directory / "state")

    planned = plan(lived, f"--to={new}", exits=3)
    type_commands(lived, planned)

    assert keys_of(lived, "new") == before
    assert is_healthy(lived, f"--state={new}")
    assert plan(lived, f"--state={new}", exits=0)["diagnosis"]["case"] == "nothing-lost"


def test_a_cluster_that_kled_deleted_comes_back_as_the_plan_says(lived: Box) -> None:
    before = keys_of(lived)
    deleted = lived.kled("kops", "delete-cluster", NAME, "--yes")
    assert deleted.returncode == 0, deleted.stderr

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "deleted"
    assert any("kled deleted it" in reason for reason in planned["diagnosis"]["reasons"])
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert is_healthy(lived)


def test_a_deletion_that_was_not_finished_is_taken_back_as_the_plan_says(lived: Box) -> None:
    before = keys_of(lived)
    begin_deletion(lived)
    record = lived.directory / "state" / ".kled" / "deletions" / f"{C}.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    shutil.rmtree(lived.directory / "state" / C / "pki")

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "deleted"
    assert planned["steps"][0]["key"] == "decide"
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert is_healthy(lived)
    assert plan(lived, exits=0)["diagnosis"]["case"] == "nothing-lost"


def test_state_and_control_plane_come_back_one_after_the_other(lived: Box) -> None:
    before = keys_of(lived)
    shutil.rmtree(lived.directory / "state" / C)
    lose_control_plane(lived)
    end_api(lived)

    first = plan(lived, exits=3)
    assert first["diagnosis"]["case"] == "several"
    last = first["steps"].pop()
    assert last["command"] == f"kled recover plan {NAME}"
    type_commands(lived, first)
    second = plan(lived, exits=3)
    assert second["diagnosis"]["case"] == "control-plane-lost"
    type_commands(lived, second)

    assert keys_of(lived) == before
    assert is_healthy(lived)


def test_a_cluster_that_a_bare_kops_deleted_comes_back_as_the_plan_says(lived: Box) -> None:
    before = keys_of(lived)
    assert lived.kops("delete", "cluster", NAME, "--yes").returncode == 0

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "deleted"
    assert "kled recorded no deletion" in planned["diagnosis"]["against"][0]
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert is_healthy(lived)


def test_the_etcd_of_a_deleted_cluster_is_planned_from_its_newest_whole_backup(lived: Box) -> None:
    """A real API server's etcd: what is on disks and at addresses does not come back with it."""
    whole, newer = "2026-11-30T01:00:00Z-000001", "2026-11-30T01:15:00Z-000002"
    keep_etcd_backup(lived, whole, RECORDED.read_bytes())
    keep_etcd_backup(lived, newer, RECORDED.read_bytes()[:-200])
    assert lived.kled("snapshot", "create", NAME).returncode == 0
    assert lived.kops("delete", "cluster", NAME, "--yes").returncode == 0

    planned = plan(lived, exits=3)

    (main,) = [each for each in planned["etcd_backups"] if each["etcd"] == "main"]
    assert main["backup"], main["reason"]
    assert main["backup"]["name"] == whole
    assert main["backup"]["etcd_version"] == "3.6.12"
    (step,) = [step for step in planned["steps"] if step["key"] == "restore-etcd-main"]
    command = json.loads(step["attachment"])["restoreBackup"]
    assert command["backup"] == whole
    assert command["clusterSpec"]["memberCount"] == 1
    losses = " ".join(loss["what"] for loss in planned["losses"])
    assert "5 PersistentVolumes" in losses
    assert "2 in us-east-1a" in losses
    assert "web/api, web/shop" in losses
    assert any("Secrets are stored in clear" in remark for remark in planned["remarks"])
    type_commands(lived, planned)
    assert is_healthy(lived)


def test_store_and_cloud_that_are_gone_come_back_as_the_plan_says(lived: Box) -> None:
    before = keys_of(lived)
    assert lived.kops("delete", "cluster", NAME, "--yes").returncode == 0
    shutil.rmtree(lived.directory / "state")

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "region-lost"
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert is_healthy(lived)


def test_a_lost_control_plane_comes_back_as_the_plan_says(lived: Box) -> None:
    lose_control_plane(lived)
    end_api(lived)

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "control-plane-lost"
    type_commands(lived, planned)

    assert is_healthy(lived)


def test_an_encrypted_snapshot_without_its_identity_says_what_cannot_be_told(
    lived: Box, tmp_path: Path
) -> None:
    recipient, identity = age_pair(tmp_path)
    (lived.directory / "sealed").mkdir(mode=0o700)
    lived.env["KLED_SNAPSHOT_STORE"] = (lived.directory / "sealed").as_uri()
    sealed = {"KLED_SNAPSHOT_RECIPIENTS": recipient}
    assert lived.kled("snapshot", "create", NAME, env=sealed).returncode == 0
    shutil.rmtree(lived.directory / "state" / C)

    blind = plan(lived, exits=1)
    assert "deleted" in blind["diagnosis"]["possible"]
    left = blind["evidence"]["snapshots"]
    assert (left["encrypted"], left["readable"]) == (True, False)
    assert "KLED_SNAPSHOT_IDENTITY" in blind["evidence"]["cloud"]["hint"]

    opened = {**sealed, "KLED_SNAPSHOT_IDENTITY": identity}
    planned = plan(lived, exits=3, **opened)
    assert planned["diagnosis"]["case"] == "state-lost"
    lived.env |= opened
    type_commands(lived, planned)
    assert is_healthy(lived)
