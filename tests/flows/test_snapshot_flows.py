"""The flows of snapshots, on a real Prefect server and a sandbox's stores."""

import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow
from prefect.client.schemas.objects import State

from flows.back_up_state import back_up_state
from flows.mirror_snapshots import mirror_snapshots
from flows.prune_snapshots import prune_snapshots
from flows.restore_state import restore_state
from flows.verify_snapshots import verify_snapshots
from kled.errors import EpochMismatch, NotApproved, SnapshotNotTrustworthy
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import artifacts, ended, events, task_runs

pytestmark = pytest.mark.prefect


@pytest.fixture
def clusters(box: Box) -> list[str]:
    """Two stored clusters whose names no other test's events have; and a snapshot store."""
    mark = uuid.uuid4().hex[:12]
    names = [f"{one}-{mark}.example.com" for one in ("a", "b")]
    for name in names:
        kops(box, "create", "cluster", f"--name={name}", "--zones=us-east-1a", "--cloud=aws")
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    return names


def kops(box: Box, *args: str) -> None:
    subprocess.run([box.env["KLED_KOPS"], *args], env=box.env, capture_output=True, check=True)


def ran(box: Box, memory: Memory, flow: Flow[..., Any], *args: Any, **more: str) -> State[Any]:
    with call_with(box.settings(**more), memory):
        return ended(flow, *args)


def error(state: State[Any]) -> object:
    return state.result(raise_on_failure=False)


def manifests(box: Box, cluster: str) -> list[Path]:
    return sorted((box.directory / "snapshots" / "clusters" / cluster).glob("*/manifest.json"))


def plan_digest(box: Box, name: str, snapshot: str) -> str:
    """Return what the command line shows of the plan, for the flow's approval."""
    words = ["snapshot", "restore", f"--name={name}", f"--snapshot={snapshot}", "--output=json"]
    done = subprocess.run(
        [sys.executable, "-m", "kled", *words], env=box.env, capture_output=True, check=True
    )
    return str(json.loads(done.stdout)["digest"][:12])


def table(state: State[Any], key: str) -> list[dict[str, Any]]:
    """Return the rows of the run's table by the cluster's name."""
    (found,) = (one for one in artifacts(state) if one.key == key)
    rows: list[dict[str, Any]] = json.loads(found.data)
    return rows


def test_a_back_up_has_one_row_per_cluster_and_tells_prefect_of_each(
    box: Box, memory: Memory, clusters: list[str]
) -> None:
    state = ran(box, memory, back_up_state)

    assert state.is_completed(), state.message
    rows = table(state, "back-up-state")
    assert [row["cluster"] for row in rows] == clusters
    assert {(row["recovery point"], row["level"], row["new"]) for row in rows} == {
        ("now", 1, "yes")
    }
    assert events(clusters[0], count=1) == ["kled.snapshot.created"]
    again = ran(box, memory, back_up_state)
    assert {row["new"] for row in table(again, "back-up-state")} == {"no"}
    assert len(manifests(box, clusters[0])) == 1


@pytest.mark.slow
def test_one_cluster_that_cannot_be_saved_fails_the_run_and_not_the_other(
    box: Box, memory: Memory, clusters: list[str]
) -> None:
    state = ran(box, memory, back_up_state, [clusters[0], "absent.example.com"])

    assert state.is_failed()
    rows = {row["cluster"]: row for row in table(state, "back-up-state")}
    assert rows["absent.example.com"]["recovery point"] == "NEVER"
    assert rows[clusters[0]]["recovery point"] == "now"
    assert "kled.snapshot.failed" in events("absent.example.com", count=1)


@pytest.mark.slow
def test_a_run_that_reaches_no_snapshot_store_tells_of_every_cluster_it_was_for(
    box: Box, memory: Memory, clusters: list[str]
) -> None:
    absent = box.directory / "absent"

    state = ran(box, memory, back_up_state, clusters, KLED_SNAPSHOT_STORE=absent.as_uri())

    assert state.is_failed()
    assert events(clusters[1], count=1) == ["kled.snapshot.failed"]


def test_verifying_tells_of_damage_and_of_what_somebody_removed(
    box: Box, memory: Memory, clusters: list[str]
) -> None:
    ran(box, memory, back_up_state)
    assert ran(box, memory, verify_snapshots).is_completed()
    archive = manifests(box, clusters[0])[0].with_name("state.tar.zst")
    archive.write_bytes(archive.read_bytes() + b"more")
    shutil.rmtree(manifests(box, clusters[1])[0].parent)

    state = ran(box, memory, verify_snapshots, None, "newest", 0)

    assert isinstance(error(state), SnapshotNotTrustworthy)
    rows = {row["cluster"]: row for row in table(state, "verify-snapshots")}
    assert "damaged" in rows[clusters[0]]["findings"]
    assert "somebody removed it" in rows[clusters[1]]["findings"]
    told = events(clusters[0], count=3)
    assert told == ["kled.snapshot.created", "kled.snapshot.verified", "kled.snapshot.failed"]


def test_a_restore_snapshots_first_and_puts_back_what_was_deleted(
    box: Box, memory: Memory, clusters: list[str]
) -> None:
    name = clusters[0]
    ran(box, memory, back_up_state)
    snapshot = manifests(box, name)[0].parent.name
    config = box.directory / "state" / name / "config"
    before = config.read_bytes()
    config.write_bytes(before + b"# changed\n")
    approved = plan_digest(box, name, snapshot)

    state = ran(box, memory, restore_state, name, snapshot, name, approved, KLED_PROTECTED="a-*")

    assert state.is_completed(), state.message
    assert [run.name for run in task_runs(state, names=4)] == [
        "check epoch",
        "check restore",
        "take a snapshot",
        "restore state",
    ]
    assert config.read_bytes() == before
    assert len(manifests(box, name)) == 2


@pytest.mark.slow
def test_a_restore_of_latest_that_stopped_halfway_goes_on_when_it_is_run_anew(
    box: Box, memory: Memory, clusters: list[str]
) -> None:
    """A member of fault 19, with the parameters of the run that crashed."""
    name = clusters[0]
    place = box.directory / "state" / name
    (place / "addons").mkdir()
    for key in ("addons/first.yaml", "addons/second.yaml"):
        (place / key).write_text("of an add-on\n")
    ran(box, memory, back_up_state)
    config, second = (place / "config").read_bytes(), place / "addons" / "second.yaml"
    (place / "config").write_bytes(config + b"# changed\n")
    second.unlink()
    second.mkdir()  # nothing can be written there
    approved = plan_digest(box, name, "latest")
    stopped = ran(box, memory, restore_state, name, "latest", None, approved)
    assert stopped.is_failed()
    assert (place / "config").read_bytes() != config
    second.rmdir()

    again = ran(box, memory, restore_state, name, "latest", None, approved)

    assert again.is_completed(), again.message
    assert (place / "config").read_bytes() == config
    assert second.read_text() == "of an add-on\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("confirm", "digest"), [(None, None), ("another", None), ("the name", "0" * 12)]
)
def test_a_protected_cluster_is_restored_only_as_it_was_approved(
    box: Box, memory: Memory, clusters: list[str], confirm: str | None, digest: str | None
) -> None:
    name = clusters[0]
    ran(box, memory, back_up_state)
    snapshot = manifests(box, name)[0].parent.name
    typed = name if confirm == "the name" else confirm
    config = box.directory / "state" / name / "config"
    config.write_bytes(config.read_bytes() + b"# changed\n")

    state = ran(box, memory, restore_state, name, snapshot, typed, digest, KLED_PROTECTED="a-*")

    assert isinstance(error(state), NotApproved)
    assert config.read_bytes().endswith(b"# changed\n")


@pytest.mark.slow
def test_an_old_state_store_is_not_written_to(
    box: Box, memory: Memory, clusters: list[str], tmp_path: Path
) -> None:
    name = clusters[0]
    ran(box, memory, back_up_state)
    snapshot = manifests(box, name)[0].parent.name
    assert ran(box, memory, restore_state, name, snapshot).is_completed()
    shutil.copytree(box.directory / "state", tmp_path / "old")

    old = (tmp_path / "old").as_uri()
    state = ran(box, memory, restore_state, name, snapshot, KOPS_STATE_STORE=old)

    assert isinstance(error(state), EpochMismatch)


@pytest.mark.slow
def test_pruning_and_mirroring_say_what_they_did(
    box: Box, memory: Memory, clusters: list[str], tmp_path: Path
) -> None:
    ran(box, memory, back_up_state)

    pruned = ran(box, memory, prune_snapshots, None, 1)
    second = tmp_path / "second"
    second.mkdir()
    mirrored = ran(box, memory, mirror_snapshots, second.as_uri())

    assert pruned.result()["steps"][0]["words"].startswith("0 removed")
    assert mirrored.result()["steps"][0]["words"] == "2 copied, 0 there already"
    assert all(manifests(box, name) for name in clusters)
