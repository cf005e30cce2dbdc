"""A signal ends a command, also one whose main thread waits elsewhere (faults 19, 100)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import ctypes, sys, threading, time, weakref
from kled.cli.frame.signals import hear_signals
from kled.terminated import Terminated

def stuck():
    # waits outside of Python, and goes on waiting after each signal, as a store's client does
    mutex = ctypes.create_string_buffer(64)
    libc = ctypes.CDLL(None)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)

def waiting():
    time.sleep(60)

def endless():
    try:
        time.sleep(60)
    finally:
        time.sleep(60)

def importing():
    # Python drops what is raised in a callback, as those of its own import locks are
    class Lock:
        pass

    lock = Lock()
    known = weakref.ref(lock, lambda _: time.sleep(0.5))
    del lock
    time.sleep(60)

def halting():
    # whoever traces the hook makes it slow: the signal that is sent once more comes while it runs
    def trace(frame, event, _told):
        if frame.f_code.co_name == "dropped" and event == "return":
            time.sleep(0.2)
        return trace

    sys.settrace(trace)
    importing()

def tidying():
    try:
        time.sleep(60)
    finally:
        time.sleep(1.0)  # longer than the grace: what is tidied up is not cut off

try:
    with hear_signals(grace=0.3, limit={limit}):
        print("ready", flush=True)
        {name}()
except (Terminated, KeyboardInterrupt) as error:
    print("tidied up after", type(error).__name__, flush=True)
    sys.exit(77)
"""


def ended(
    name: str, *numbers: signal.Signals, limit: float = 4.0, pause: float = 0.0
) -> tuple[int, str, str, float]:
    """Run the program, send the signals, and return its status, its words and how long it took."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("{name}", name).replace("{limit}", str(limit))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.1)
        began = time.monotonic()
        for number in numbers:
            child.send_signal(number)
            time.sleep(pause)
        out, err = child.communicate(timeout=30)
        return child.returncode, out, err, time.monotonic() - began


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_main_thread_that_no_handler_reaches_is_ended(
    number: signal.Signals, code: int, word: str
) -> None:
    status, out, err, seconds = ended("stuck", number)

    assert (status, out) == (code, "")
    assert err.startswith(f"kled: {word} while it waited for an answer")
    assert seconds < 5


@pytest.mark.parametrize(("name", "times"), [("waiting", 1), ("tidying", 1), ("tidying", 2)])
def test_whoever_hears_it_tidies_up_for_as_long_as_that_takes(name: str, times: int) -> None:
    status, out, err, _ = ended(name, *[signal.SIGTERM] * times)

    assert (status, err) == (77, "")
    assert out == "tidied up after Terminated\n"


def test_what_tidies_up_for_too_long_is_ended() -> None:  # fault 19
    status, out, err, seconds = ended("endless", signal.SIGINT, limit=0.6)

    assert (status, out) == (130, "")
    assert err == "kled: interrupted while it tidied up\n"
    assert seconds < 2


def test_who_interrupts_twice_waits_no_longer() -> None:  # fault 19
    status, _, err, seconds = ended("endless", signal.SIGINT, signal.SIGINT, pause=0.3)

    assert status == 130
    assert err == "kled: interrupted again, and ended at once\n"
    assert seconds < 2


def test_one_interruption_that_arrives_twice_is_one() -> None:
    status, out, err, _ = ended("tidying", signal.SIGINT, signal.SIGINT)

    assert (status, out, err) == (77, "tidied up after KeyboardInterrupt\n", "")


@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGTERM, "Terminated"), (signal.SIGINT, "KeyboardInterrupt")],
)
def test_a_signal_whose_error_python_drops_is_raised_once_more(
    number: signal.Signals, name: str
) -> None:
    status, out, err, seconds = ended("importing", number)

    assert (status, out, err) == (77, f"tidied up after {name}\n", "")
    assert seconds < 2


def test_one_that_comes_while_python_tells_of_the_dropped_error_is_raised_after_it() -> None:
    """It was dropped in turn, and a restore that was hung up went on."""
    status, out, err, seconds = ended("halting", signal.SIGHUP)

    assert (status, out, err) == (77, "tidied up after Terminated\n", "")
    assert seconds < 2


SECRET = "Zk3vQ9xT7mB2cW8r"
TELLING = f"""
import time
from kled.cli.frame.signals import LAST_WORDS, hear_signals

LAST_WORDS.lines = lambda: ["update was at: used {SECRET}", "done before: token=hunter2hunter2"]
with hear_signals(limit=0.3):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        time.sleep(60)
"""


def test_the_last_words_of_a_process_that_is_cut_short_hold_no_secret() -> None:
    # fault 56: they go to the terminal past everything that writes to it
    with subprocess.Popen(
        [sys.executable, "-c", TELLING],
        env={**os.environ, "HCLOUD_TOKEN": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=30)

    first, *lines = err.splitlines()
    assert first.startswith("kled: terminated while it ")
    assert lines == [
        "update was at: used [redacted]",
        "done before: token=[redacted]",
    ]


COMMAND = """
import click, sys, time
from kled.cli import app; from kled.cli.frame import command as leaf

@leaf.leaf("wait", examples=())
def wait(call):
    "Wait."
    try:
        print("ready", flush=True)
        time.sleep(60)
    except BaseException:
        raise RuntimeError("release unlocked lock") from None  # Thread.start says so

app.ROOT.add_command(wait)
sys.exit(app.run(["wait"]))
"""


def ended_by(number: int, program: str) -> tuple[int, str]:
    """Send a signal to a program once it is ready; return its exit code and what it said."""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        _, err = child.communicate(timeout=30)
    return child.returncode, err


def test_an_interruption_that_python_makes_another_error_of_is_one() -> None:  # fault 19
    code, err = ended_by(signal.SIGINT, COMMAND)

    assert code == 130
    assert (
        err
        == "kled: interrupted\nnothing was changed\nthe same command starts from the beginning\n"
    )


BEFORE = """
import sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "kled.cli.kops.get_clusters":
            print("ready", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow())
from kled.cli import app
sys.exit(app.run(["kops", "get-clusters"]))
"""


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_before_a_command_has_begun_nothing_was_changed(number: int, code: int, word: str) -> None:
    """A member of fault 21: in the first second it said that it was ended, and nothing else."""
    ended, err = ended_by(number, BEFORE)

    assert ended == code
    said = f"kled: {word}\nnothing was changed\nthe same command starts from the beginning\n"
    assert err.lstrip("\n") == said  # click ends the line of a Ctrl-C
