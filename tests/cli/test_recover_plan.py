"""`kled recover plan`: what it says of a loss, and that its commands lead back as printed."""

import json
import os
import shlex
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

from kled.sandbox.cloud.account import Cloud
from tests.boxes import Box, make_box

RECORDED = Path(__file__).parents[1] / "captures" / "etcd" / "api-1.36.gz"
C = "lost.example.com"
NAME = f"--name={C}"


@pytest.fixture
def lived(tmp_path: Path) -> Box:
    """A sandbox with a healthy cluster, a kubeconfig of it, and a snapshot."""
    box = make_box(tmp_path / "box")
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    create = ("kops", "create-cluster", NAME, "--zones=us-east-1a", "--node-count=1", "--yes")
    for line in (create, ("snapshot", "create", NAME)):
        done = box.kled(*line)
        assert done.returncode == 0, done.stderr
    return box


def age_pair(directory: Path) -> tuple[str, str]:
    """Return a recipient, and the file of its identity."""
    identity, place = x25519.Identity.generate(), directory / "identity"
    place.write_text(f"{identity}\n")
    place.chmod(0o600)
    return str(identity.to_public()), str(place)


def plan(box: Box, *args: str, exits: int, **env: str) -> Any:
    done = box.kled("recover", "plan", NAME, "--output=json", *args, env=env)
    assert done.returncode == exits, done.stdout + done.stderr
    return json.loads(done.stdout)


def type_commands(box: Box, planned: Any) -> None:
    """Type each command of the plan as it is printed; what is done by hand is left out."""
    for step in planned["steps"]:
        if step["command"] and step["by"] == "kled":
            program, *words = shlex.split(step["command"])
            assert program == "kled"
            done = box.kled(*words)
            assert done.returncode == 0, (step["command"], done.stdout, done.stderr)


def keys_of(box: Box, root: str = "state") -> dict[str, bytes]:
    """Return the keysets and secrets of the cluster."""
    home = box.directory / root / C
    return {
        str(path.relative_to(home)): path.read_bytes()
        for part in ("pki", "secrets")
        for path in sorted((home / part).rglob("*"))
        if path.is_file()
    }


def is_healthy(box: Box, *args: str) -> bool:
    return box.kled("kops", "validate-cluster", NAME, "--wait=10m", *args).returncode == 0


def end_api(box: Box) -> None:
    """End the process that serves the cluster's API, as if its machine were gone."""
    os.kill(json.loads((box.directory / "apis" / f"{C}.json").read_text())["pid"], signal.SIGKILL)


def lose_control_plane(box: Box) -> None:
    """Take the control plane's machines from the cloud, and what would launch them again."""
    with Cloud(box.directory, "us-east-1").edit() as state:
        for part in ("instances", "resources"):
            for place, record in list(state[part].items()):
                named = str(record.get("group", record.get("name", "")))
                if named.startswith("control-plane") and record.get("kind") != "LaunchTemplate":
                    del state[part][place]


def test_of_a_healthy_cluster_nothing_is_lost_and_nothing_is_to_be_typed(lived: Box) -> None:
    planned = plan(lived, exits=0)

    assert planned["diagnosis"]["case"] == "nothing-lost"
    assert planned["steps"] == []


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


def test_another_kind_of_store_is_refused_with_what_can_be_done_by_hand(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state")

    done = lived.kled("recover", "plan", NAME, "--to=gs://elsewhere")

    assert done.returncode == 2
    assert "another cloud or region is not planned yet" in done.stderr
    assert "by hand" in done.stderr


def test_where_nothing_is_lost_there_is_nothing_to_move(lived: Box) -> None:
    done = lived.kled("recover", "plan", NAME, f"--to={(lived.directory / 'new').as_uri()}")

    assert done.returncode == 2
    assert "nothing-lost" in done.stderr


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


def test_a_cluster_that_a_bare_kops_deleted_comes_back_as_the_plan_says(lived: Box) -> None:
    before = keys_of(lived)
    assert lived.kops("delete", "cluster", NAME, "--yes").returncode == 0

    planned = plan(lived, exits=3)
    assert planned["diagnosis"]["case"] == "deleted"
    assert "kled recorded no deletion" in planned["diagnosis"]["against"][0]
    type_commands(lived, planned)

    assert keys_of(lived) == before
    assert is_healthy(lived)


def keep_etcd_backup(box: Box, name: str, body: bytes) -> None:
    """Put a backup where etcd-manager writes its own."""
    place = box.directory / "state" / C / "backups" / "etcd" / "main" / name
    place.mkdir(parents=True)
    (place / "etcd.backup.gz").write_bytes(body)
    (place / "_etcd_backup.meta").write_text('{"etcdVersion": "3.6.12"}')
    for marker in ("main", "events"):
        control = place.parents[1] / marker / "control"
        control.mkdir(parents=True, exist_ok=True)
        (control / "etcd-cluster-created").write_text('{"timestamp": 1763909400000000000}')


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


def test_a_damaged_backup_of_a_living_store_is_passed_over_with_the_reason(lived: Box) -> None:
    whole, newer = "2026-11-30T01:00:00Z-000001", "2026-11-30T01:15:00Z-000002"
    keep_etcd_backup(lived, whole, RECORDED.read_bytes())
    keep_etcd_backup(lived, newer, RECORDED.read_bytes()[:-200])
    lose_control_plane(lived)
    end_api(lived)

    planned = plan(lived, exits=3)

    (main,) = [each for each in planned["etcd_backups"] if each["etcd"] == "main"]
    assert main["backup"]["name"] == whole
    assert f"{newer} is damaged: the etcd backup is cut" in main["reason"]


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


def test_machines_whose_api_is_silent_leave_the_case_open_until_a_person_says(lived: Box) -> None:
    """The way from here may be cut: a plan that was not asked for would end what lives."""
    end_api(lived)

    planned = plan(lived, exits=1)
    assert planned["diagnosis"]["possible"] == ["control-plane-lost", "nothing-lost"]
    said = [step for step in planned["steps"] if step["key"] == "say-control-plane-lost"]
    assert said[0]["command"] == f"kled recover plan {NAME} --case=control-plane-lost"

    told = plan(lived, "--case=control-plane-lost", exits=3)
    assert told["diagnosis"]["said"]
    assert lived.kled("recover", "plan", NAME, "--case=region-lost").returncode == 2


def test_without_a_kops_the_cloud_is_not_known_and_the_rest_is_told(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C)

    planned = plan(lived, exits=3, KLED_KOPS="/nonexistent/kops")

    (cloud,) = [each for each in planned["diagnosis"]["unknown"] if each["key"] == "cloud"]
    assert "kled kops install" in cloud["hint"]
    assert planned["evidence"]["cloud"]["unknown"]


def test_without_any_snapshot_it_says_that_there_is_nothing_to_recover_from(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C)
    shutil.rmtree(lived.directory / "snapshots" / "clusters")

    done = lived.kled("recover", "plan", NAME, "--case=state-lost")

    assert done.returncode == 4, done.stdout
    assert "nothing to restore the state from" in done.stdout
    assert "/srv/kubernetes/kube-controller-manager/ca.crt" in done.stdout


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


def test_a_snapshot_store_that_is_not_named_is_said(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C)

    planned = plan(lived, exits=1, KLED_SNAPSHOT_STORE="")

    assert planned["evidence"]["snapshots"]["hint"].startswith("KLED_SNAPSHOT_STORE=URL")


def test_looking_changes_nothing(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C / "pki")
    before = {path: path.read_bytes() for path in _files(lived)}

    plan(lived, exits=3)

    assert {path: path.read_bytes() for path in _files(lived)} == before


def _files(box: Box) -> list[Path]:
    parts = ("state", "snapshots", "cloud")
    return sorted(
        path
        for part in parts
        for path in (box.directory / part).rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


def test_the_table_says_the_case_first_and_numbers_the_commands(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C)

    lines = lived.kled("recover", "plan", NAME).stdout.splitlines()

    assert lines[0] == f"{C}: its state is lost or damaged, and the cluster runs"
    assert lines[2] == "why"
    steps = [line for line in lines if line[:3].strip().isdecimal()]
    assert [line[:4] for line in steps] == [f"{number:3}." for number in range(1, len(steps) + 1)]
    assert any(line.startswith("     kled snapshot restore ") for line in lines)
    assert lines[-1] == "how long it takes: not known: no drill yet"
