"""`kled check-health` in a sandbox: what it says, how it ends, and that it changes nothing."""

import json
import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kled.cli.check_health import rows_of
from kled.models.health_finding import ALL, HealthFinding
from tests.boxes import Box, make_box
from tests.crash.terminals import KLED, Terminal, told
from tests.processes import eventually
from tests.unit.snapshot.fleets import etcd_backup

C = "checked.example.com"
NAME = f"--name={C}"
CREATED = "etcd-cluster-created"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    """A cluster whose etcd-manager has written what a real one writes."""
    made = make_box(tmp_path_factory.mktemp("health") / "box")
    made.env["KLED_SNAPSHOT_STORE"] = (made.directory / "kept").as_uri()
    (made.directory / "kept").mkdir(mode=0o700)
    words = ("--zones=us-east-1a", "--cloud=aws", "--node-count=1", "--yes")
    assert made.kops("create", "cluster", NAME, *words).returncode == 0
    for etcd in ("main", "events"):
        write_as_etcd_manager(made, etcd)
    taken = made.kled("snapshot", "create", NAME)
    assert taken.returncode == 0, taken.stderr
    return made


def write_as_etcd_manager(box: Box, etcd: str) -> None:
    place = place_of(box, etcd)
    (place / "control" / CREATED).write_text('{"timestamp": 1763909400000000000}')
    taken = datetime.now(UTC) - timedelta(minutes=2)
    backup = place / f"{taken:%Y-%m-%dT%H:%M:%SZ}-000001"
    backup.mkdir(exist_ok=True)
    (backup / "etcd.backup.gz").write_bytes(etcd_backup(etcd))
    (backup / "_etcd_backup.meta").write_text("{}")


def place_of(box: Box, etcd: str) -> Path:
    return box.directory / "state" / C / "backups" / "etcd" / etcd


def finding(state: str, cluster: str) -> HealthFinding:
    return HealthFinding(cluster, "snapshots", "state", state, "words", "do it")  # type: ignore[arg-type]


def test_what_is_well_is_one_line_and_what_is_not_comes_before() -> None:
    found = [finding("failed", "a"), finding("ok", "a"), *(finding("ok", name) for name in "cb")]

    rows = rows_of([*found, finding("ok", ALL)], whole=False)

    assert [(row["state"], row["cluster"], row["words"]) for row in rows] == [
        ("failed", "a", "words"),
        ("ok", "2 clusters", "b, c"),
    ]
    assert len(rows_of(found, whole=True)) == 4


def test_a_healthy_cluster_ends_with_0_twice_and_nothing_is_changed(box: Box) -> None:
    before = box.state()

    first = box.kled("check-health", "--output=json")
    second = box.kled("check-health", "--output=json")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    looks = {row["look"] for row in json.loads(second.stdout) if row["state"] == "ok"}
    assert looks == {
        *("validation", "etcd markers", "etcd backups"),
        *("certificates", "snapshots", "lifecycle rules"),
    }
    points = {row["about"]: row["rpo_seconds"] for row in json.loads(second.stdout)}
    assert points["state"] < 600
    assert box.state() == before


def test_a_marker_that_is_gone_is_3_and_says_first_what_not_to_do(box: Box) -> None:
    marker = place_of(box, "main") / "control" / CREATED
    kept = marker.read_text()
    marker.unlink()
    try:
        done = box.kled("check-health", "--no-validate")
        calls = [call for call in box.calls() if call.startswith("validate")]
    finally:
        marker.write_text(kept)

    assert done.returncode == 3
    heading, first, *_ = done.stdout.splitlines()
    assert heading.split()[:3] == ["STATE", "CLUSTER", "LOOK"]
    assert first.split()[:2] == ["failed", C]
    assert "etcd main" in first
    assert f"{C}: etcd markers of etcd main: do not restart etcd-manager" in done.stderr
    assert f"kled: not healthy: {C} (etcd markers)" in done.stderr
    assert len([call for call in box.calls() if call.startswith("validate")]) == len(calls)


def test_a_backup_store_that_is_away_is_1_and_the_rest_is_told(box: Box) -> None:
    kept = box.directory / "kept"
    shutil.move(kept, box.directory / "away")
    try:
        done = box.kled("check-health", NAME, "--no-validate", "--output=json")
    finally:
        shutil.move(box.directory / "away", kept)

    assert done.returncode in {1, 3}
    states = {(row["look"], row["state"]) for row in json.loads(done.stdout)}
    assert ("etcd markers", "ok") in states
    assert ("snapshots", "ok") not in states


def test_a_cluster_that_is_not_there_is_said(box: Box) -> None:
    done = box.kled("check-health", "--name=another.example.com")

    assert done.returncode == 1
    assert "another.example.com" in done.stderr
    assert done.stdout == ""


def test_of_an_emptied_store_it_says_which_clusters_are_lost(box: Box) -> None:
    """It told whoever had lost all of them to create the first one."""
    home, aside = box.directory / "state" / C, box.directory / "aside"
    home.rename(aside)
    try:
        checked = box.kled("check-health")
    finally:
        aside.rename(home)

    assert checked.returncode == 1
    assert f"snapshots know {C}, and kled did not delete it" in checked.stderr
    assert "create-cluster" not in checked.stderr


def test_a_cluster_cannot_be_named_and_skipped(box: Box) -> None:
    assert box.kled("check-health", NAME, f"--skip={C}").returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_one_that_is_stopped_leaves_nothing_and_the_next_one_says_it_all(
    box: Box, tmp_path: Path, number: signal.Signals
) -> None:
    before = box.state()
    hanging = tmp_path / "kops"
    hanging.write_text(
        '#!/bin/sh\ncase "$1" in validate) exec sleep 60;; esac\n'
        f'exec {box.env["KLED_KOPS"]} "$@"\n'
    )
    hanging.chmod(0o755)
    env = {**box.env, "KLED_KOPS": str(hanging)}
    with Terminal((*KLED, "check-health"), env, box.directory) as terminal:
        terminal.until("validate clusters ...")
        seconds = terminal.interrupt(number)
        if number == signal.SIGINT:
            assert "check health" in told(terminal, seconds)
        eventually(lambda: terminal.left() == [])

    assert box.state() == before
    assert box.kled("check-health").returncode == 0
