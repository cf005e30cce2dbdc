"""A simulated kops that is killed at any write leaves what its next call completes."""

import json
import subprocess
from pathlib import Path

from kled.sandbox import faults
from kled.sandbox.cloud.account import Cloud
from tests.boxes import Box, make_box

NAME = "crash.example.org"


def _create(box: Box, name: str) -> None:
    box.must(
        *("create", "cluster", f"--name={name}", "--cloud=aws", "--image=ami-1"),
        "--zones=eu-west-1b",
    )


def _names(box: Box) -> tuple[set[str], set[str], int]:
    cloud = Cloud(box.directory, "eu-west-1")
    state, everywhere = cloud.read(), cloud.read(everywhere=True)
    return set(state["resources"]), set(everywhere["resources"]), len(state["instances"])


def _kill_every(box: Box, writes: int, *args: str) -> int:
    """Run a command again and again, killed after so many writes each time, until it ends."""
    for kills in range(100):
        faults.inject(box.directory, "die-after", writes=writes)
        done = box.kops(*args)
        if done.returncode == 0:
            faults.clear(box.directory)
            return kills
        assert done.returncode == -9, done.stderr
    raise AssertionError("the command never ended")


def test_an_update_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    killed, calm = make_box(tmp_path / "killed"), make_box(tmp_path / "calm")
    for box in (killed, calm):
        _create(box, NAME)
    calm.must("update", "cluster", NAME, "--yes")

    kills = _kill_every(killed, 7, "update", "cluster", NAME, "--yes")

    assert kills >= 6
    assert killed.state().keys() == calm.state().keys()
    assert _names(killed) == _names(calm)
    assert killed.must("update", "cluster", NAME) == "No changes need to be applied\n"


def test_a_deletion_killed_again_and_again_leaves_nothing(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    _create(box, NAME)
    box.must("update", "cluster", NAME, "--yes")

    kills = _kill_every(box, 20, "delete", "cluster", f"--name={NAME}", "--yes")

    assert kills >= 1
    assert box.state() == {}
    assert _names(box) == (set(), set(), 0)


def test_two_updates_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    names = ["one.example.org", "two.example.org"]
    for name in names:
        _create(box, name)

    calls = [
        subprocess.Popen(
            [box.program, "update", "cluster", name, "--yes"],
            env=box.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in names
    ]

    assert [call.wait(timeout=60) for call in calls] == [0, 0]
    for name in names:
        assert box.must("update", "cluster", name) == "No changes need to be applied\n"
    state = json.loads((box.directory / "cloud" / "123456789012" / "eu-west-1.json").read_text())
    assert len({record["id"] for record in state["resources"].values()}) == len(state["resources"])
