"""What is forked does as what is started does, or the tests that fork would prove nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.boxes import Box, make_box
from tests.forking import run_kled
from tests.processes import eventually

CREATE = ("--zones=us-east-1a", "--cloud=aws")
COMMANDS = (
    "--version",
    "--help",
    "kops get-clusters -ojson",
    "kops get-cluster --frobnicate",
    "kops update-cluster --name=nowhere.example.com",
    "snapshot list --snapshot-store=file:///nowhere",
    "nothing",
)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_forked_command_says_what_a_started_one_says(box: Box, words: str) -> None:
    args = words.split()
    started = subprocess.run(
        [sys.executable, "-m", "kled", *args],
        env=box.env,
        cwd=box.directory,
        input="",
        capture_output=True,
        text=True,
        check=False,
    )

    forked = run_kled(*args, env=box.env, cwd=box.directory)

    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)
    assert forked.stderr == started.stderr


@pytest.mark.parametrize("started", [True, False])
def test_a_kops_has_the_words_and_streams_of_whoever_runs_it(tmp_path: Path, started: bool) -> None:
    box = make_box(tmp_path / "box", started=started)
    words = ["create", "-f", "-", "--name=größe \n"]
    program = str(box.directory / "bin" / "kops")

    done = subprocess.run(
        [program, *words], env=box.env, input=b"kind: \xff", capture_output=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith(b"(simulated kops, no real cloud)\nError: ")
    assert done.stdout == b""


def test_a_forked_kops_ends_with_whoever_runs_it(box: Box) -> None:
    box.kled("sandbox", "break", f"--dir={box.directory}", "hang", "verb=get clusters")
    program = str(box.directory / "bin" / "kops")
    with subprocess.Popen([program, "get", "clusters"], env=box.env, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        run.stderr.readline()
        before = forked()

        run.send_signal(signal.SIGTERM)

        assert run.wait() == -signal.SIGTERM
    eventually(lambda: len(forked()) < len(before))


def test_a_process_that_kills_itself_is_told_from_one_that_ends(box: Box) -> None:
    box.kled("sandbox", "break", f"--dir={box.directory}", "die-after", "writes=0")

    died = box.kops("create", "cluster", "--name=a.example.com", *CREATE)

    assert died.returncode == -signal.SIGKILL


def forked() -> list[int]:
    """Return the forked processes of these tests that run."""
    servers = psutil.Process(os.getpid()).children()
    return [each.pid for server in servers for each in server.children()]
