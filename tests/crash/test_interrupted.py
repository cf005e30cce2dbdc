"""Ctrl-C at sampled moments, as a terminal sends it: to the whole process group (faults 19, 21)."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.boxes import Box, make_box
from tests.crash.terminals import KLED, LIMIT, C, Terminal, is_free, told
from tests.processes import eventually, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

RUN = (*KLED, "run", "create-cluster", "name=flow.example.com", "zones=us-east-1a")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = make_box(tmp_path_factory.mktemp("interrupted") / "box", started=True)
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    box.env["PREFECT_HOME"] = str(box.directory / "prefect")
    yield box
    assert simulated(box) == []


def creating(cluster: str) -> tuple[str, ...]:
    return *KLED, "kops", "create-cluster", f"--name={cluster}", "--zones=us-east-1a", "--yes"


def states(box: Box) -> list[str]:
    """Return the states of the runs that the flows' servers have known."""
    kept = box.directory / "prefect" / "prefect.db"
    if not kept.exists():
        return []
    with closing(sqlite3.connect(kept)) as database:
        try:
            return [state for (state,) in database.execute("SELECT state_type FROM flow_run")]
        except sqlite3.OperationalError:  # interrupted before its tables were made
            return []


STEPS = (
    "check epoch",
    "check settings",
    "check that it is new",
    "check identity",
    "take a snapshot",
    "store definition",
    "update cluster",
    "take the first snapshot",
    "validate cluster",
    "export kubeconfig",
)


def test_a_command_says_at_each_step_how_far_it_came_and_the_next_goes_on(box: Box) -> None:
    """Each run goes one step further than the one before: ten moments."""
    for step in STEPS:
        with Terminal(creating(C), box.env, box.directory) as terminal:
            terminal.until(f"{step} ...")
            if terminal.process.poll() is not None:
                continue  # it was the last one, and is through
            words = told(terminal, terminal.interrupt())
        assert f"kops has ended; the lease of {C} is free" in words
        assert re.search(
            "the same command (does only what is left|starts from the beginning)", words
        )
        assert "done before: " in words or "check epoch" in words
        assert is_free(box)

    done = box.kled(*creating(C)[len(KLED) :])
    assert done.returncode == 0, done.stderr


def test_what_only_reads_says_that_nothing_was_changed(box: Box) -> None:
    slow = box.directory / "slow-kops"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    env = {**box.env, "KLED_KOPS": str(slow)}
    with Terminal((*KLED, "plan", f"--name={C}"), env, box.directory) as terminal:
        eventually(lambda: any("sleep 600" in one for one in terminal.left()))
        words = told(terminal, terminal.interrupt())

    assert "nothing was changed" in words


def test_a_second_interruption_ends_it_at_once_and_the_watchdog_does_the_rest(box: Box) -> None:
    """A kops that hangs, and takes no notice of TERM."""
    stubborn = box.directory / "stubborn-kops"
    stubborn.write_text(
        '#!/bin/sh\ncase "$*" in *--yes=true*) trap "" INT TERM\n'
        "while :; do sleep 0.2; done;; esac\n"
        f'exec {box.directory}/bin/kops "$@"\n'
    )
    stubborn.chmod(0o755)
    env = {**box.env, "KLED_KOPS": str(stubborn)}
    with Terminal(creating("second.example.com"), env, box.directory) as terminal:
        terminal.until("update cluster ...")
        eventually(lambda: any("--yes=true" in command for command in terminal.left()))
        time.sleep(0.5)  # until its shell heeds no signal any more
        seconds = terminal.interrupt(again=0.3)
        words = told(terminal, seconds)

    assert seconds < 1.5
    assert "interrupted again, and ended at once" in words
    assert "its watchdog ends kops and frees the lease" in words
    eventually(lambda: is_free(box, "second.example.com"))


@pytest.mark.prefect
def test_a_flow_with_a_server_of_its_own_is_marked_and_ends(box: Box) -> None:
    """The server starts anew each time; it outlives the run, and goes with it."""
    sampled = (
        ("starting a Prefect server", "nothing was changed"),
        ("check that it is new ...", "the flow create-cluster was at: "),
        ("validate cluster ...", "done before: "),
    )
    for number, (moment, expected) in enumerate(sampled, 1):
        with Terminal(RUN, box.env, box.directory) as terminal:
            terminal.until(moment)
            words = told(terminal, terminal.interrupt())
        assert expected in words
        assert is_free(box, "flow.example.com")
        assert states(box) == ["CRASHED"] * (number - 1)


@pytest.mark.prefect
@pytest.mark.parametrize(
    ("number", "moment"),
    [(signal.SIGTERM, "update cluster ..."), (signal.SIGHUP, "store definition ...")],
    ids=["TERM", "HUP"],
)
def test_a_flow_that_a_terminal_or_a_supervisor_ends_says_how_far_it_came(
    box: Box, number: int, moment: str
) -> None:
    """A closed terminal, a shutdown: the whole process group, its own Prefect server included."""
    cluster = f"{signal.Signals(number).name.lower()}.example.com"
    run = (*KLED, "run", "create-cluster", f"name={cluster}", "zones=us-east-1a")
    crashed = len(states(box))
    with Terminal(run, box.env, box.directory) as terminal:
        terminal.until(moment)
        words = told(terminal, terminal.interrupt(number), number)

    assert re.search("the flow create-cluster was at: |done before: ", words)
    assert "kops has ended" in words
    assert re.search("the same command (does only what is left|starts from the beginning)", words)
    assert is_free(box, cluster)
    eventually(lambda: states(box)[crashed:] == ["CRASHED"])


@pytest.mark.prefect
def test_make_demo_ends_and_says_how_to_remove_it(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    bin_ = f"BIN={Path(sys.executable).parent}"
    demo = ("make", "-C", str(ROOT), "-o", ".venv/.installed", bin_, "demo")
    with Terminal(demo, home, tmp_path) as terminal:
        terminal.until("update cluster ...")
        seconds = terminal.interrupt()
        eventually(lambda: terminal.left() == [])
        words = terminal.all()
        assert seconds < LIMIT, words
        assert terminal.process.returncode in {-signal.SIGINT, 2, 130}
        assert "Traceback" not in words

    assert "kops has ended" in words
    stop = re.search("to remove the sandbox: kled (sandbox stop --dir=.*)", words)
    assert stop
    ended = subprocess.run([*KLED, *stop[1].split()], env=home, check=False)
    assert ended.returncode == 0
