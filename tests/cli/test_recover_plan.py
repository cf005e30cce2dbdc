"""`kled recover plan`: what it says of a loss, and with what it ends."""

import shutil
from pathlib import Path

import pytest

from tests.boxes import Box
from tests.cli.lost_clusters import (
    NAME,
    RECORDED,
    C,
    end_api,
    files,
    keep_etcd_backup,
    lived_box,
    lose_control_plane,
    plan,
)


@pytest.fixture
def lived(tmp_path: Path) -> Box:
    return lived_box(tmp_path)


def test_of_a_healthy_cluster_nothing_is_lost_and_nothing_is_to_be_typed(lived: Box) -> None:
    planned = plan(lived, exits=0)

    assert planned["diagnosis"]["case"] == "nothing-lost"
    assert planned["steps"] == []


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


def test_a_snapshot_store_that_is_not_named_is_said(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C)

    planned = plan(lived, exits=1, KLED_SNAPSHOT_STORE="")

    assert planned["evidence"]["snapshots"]["hint"].startswith("KLED_SNAPSHOT_STORE=URL")


def test_looking_changes_nothing(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C / "pki")
    before = {path: path.read_bytes() for path in files(lived)}

    plan(lived, exits=3)

    assert {path: path.read_bytes() for path in files(lived)} == before


def test_the_table_says_the_case_first_and_numbers_the_commands(lived: Box) -> None:
    shutil.rmtree(lived.directory / "state" / C)

    lines = lived.kled("recover", "plan", NAME).stdout.splitlines()

    assert lines[0] == f"{C}: its state is lost or damaged, and the cluster runs"
    assert lines[2] == "why"
    steps = [line for line in lines if line[:3].strip().isdecimal()]
    assert [line[:4] for line in steps] == [f"{number:3}." for number in range(1, len(steps) + 1)]
    assert any(line.startswith("     kled snapshot restore ") for line in lines)
    assert lines[-1] == "how long it takes: not known: no drill yet"
