"""A sandbox is started, shown and stopped; it never touches anything else."""

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from kled.redact import Redactor, secret_values
from kled.sandbox import control, faults


def test_a_sandbox_has_a_kops_that_says_that_it_is_simulated(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=60.0)
    env = control.environment(box.directory, path=os.defpath)

    done = subprocess.run(["kops", "version"], env=env, capture_output=True, text=True, check=True)

    assert done.stdout.endswith("(simulated)\n")
    assert done.stderr.startswith("(simulated kops, no real cloud)\n")


def test_starting_twice_keeps_clusters_and_takes_the_new_speed(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=1.0)
    mark = box.directory / "state" / "c.example" / "config"
    mark.parent.mkdir()
    mark.write_text("kept")

    again = control.start(tmp_path / "box", speed=30.0)

    assert mark.read_text() == "kept"
    assert again.speed == 30.0


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_time_cannot_stand_still(tmp_path: Path, speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be positive"):
        control.start(tmp_path / "box", speed=speed)


def test_the_environment_is_private(tmp_path: Path) -> None:
    box = control.start(tmp_path / "a box's directory", speed=1.0)

    env = control.environment(box.directory, path="/usr/bin")

    assert env["KOPS_STATE_STORE"] == f"file://{box.directory}/state"
    assert env["PATH"] == f"{box.directory}/bin{os.pathsep}/usr/bin"
    assert env["KLED_KOPS"] == str(box.kops)
    assert Path(env["KUBECONFIG"]).is_relative_to(box.directory)
    assert stat.S_IMODE((box.directory / "home").stat().st_mode) == 0o700


def test_the_path_does_not_grow_when_it_is_asked_for_again(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=1.0)

    first = control.environment(box.directory, path="/usr/bin")["PATH"]

    assert control.environment(box.directory, path=first)["PATH"] == first


def test_it_has_a_snapshot_store_of_its_own(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=1.0)

    env = control.environment(box.directory, snapshots=True)

    assert env["KLED_SNAPSHOT_STORE"] == f"file://{box.directory}/snapshots"
    assert stat.S_IMODE((box.directory / "snapshots").stat().st_mode) == 0o700


def test_variables_of_real_accounts_are_to_be_unset(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=1.0)
    names = {"AWS_PROFILE", "AWS_REGION", "KOPS_FEATURE_FLAGS", "HCLOUD_TOKEN", "PATH", "TERM"}

    assert control.variables_to_unset(names, box.directory) == [
        "AWS_PROFILE",
        "HCLOUD_TOKEN",
        "KOPS_FEATURE_FLAGS",
    ]


def test_the_status_tells_the_faults(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=1.0)
    faults.inject(box.directory, "throttled", calls=3)

    assert control.status(box.directory).faults == {"throttled": {"calls": 3}}


def test_there_is_no_status_of_what_is_no_sandbox(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no sandbox in"):
        control.status(tmp_path)


def test_stopping_kills_what_runs_in_it_and_removes_it(tmp_path: Path) -> None:
    box = control.start(tmp_path / "box", speed=1.0)
    faults.inject(box.directory, "hang", verb="version")
    env = control.environment(box.directory)
    child = subprocess.Popen([box.kops, "version"], env=env, stderr=subprocess.PIPE)
    assert child.stderr is not None
    child.stderr.readline()
    _wait_until_started(child.pid)

    stopped = control.stop(box.directory)

    assert stopped.ended == [child.pid]
    assert child.wait(timeout=5) == -9
    child.stderr.close()
    assert not box.directory.exists()


def test_stopping_what_is_no_sandbox_removes_nothing(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")

    assert not control.stop(tmp_path).existed

    assert (tmp_path / "precious").read_text() == "kept"


def _wait_until_started(pid: int) -> None:
    """Wait until the wrapper has become Python: its environment then names the sandbox."""
    for _ in range(100):
        if b"KLED_SANDBOX=" in Path(f"/proc/{pid}/environ").read_bytes():
            return
        time.sleep(0.02)
    raise AssertionError("the wrapper never started Python")


def test_no_word_that_people_use_is_a_secret_of_the_sandbox(tmp_path: Path) -> None:
    """Fault 37: the simulated key was `sandbox`, so that word was blanked out everywhere."""
    box = control.start(tmp_path / "box", speed=1.0)
    redact = Redactor(secret_values(control.environment(box.directory))).text
    words = "the sandbox in /tmp/box is a simulation: no real cloud, no key, no secret of any"

    assert redact(words) == words
