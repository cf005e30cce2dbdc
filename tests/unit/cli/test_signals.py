"""A signal ends a command, also one whose main thread waits in a foreign library (fault 100)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import ctypes, sys, threading, time
from kled.cli.signals import Terminated, heard

def stuck():
    # waits outside of Python, and goes on waiting after each signal, as a store's client does
    mutex = ctypes.create_string_buffer(64)
    libc = ctypes.CDLL(None)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)

def waiting():
    time.sleep(60)

def tidying():
    try:
        time.sleep(60)
    finally:
        time.sleep(1.0)  # longer than the grace: what is tidied up is not cut off

try:
    with heard(grace=0.3):
        print("ready", flush=True)
        {name}()
except (Terminated, KeyboardInterrupt) as error:
    print("tidied up after", type(error).__name__, flush=True)
    sys.exit(77)
"""


def ended(name: str, *numbers: signal.Signals) -> tuple[int, str, str, float]:
    """Run the program, send the signals, and return its status, its words and how long it took."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("{name}", name)],
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
