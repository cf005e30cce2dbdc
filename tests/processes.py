"""What runs: the simulated kops of a sandbox."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.boxes import Box

PATIENCE = 60.0  # for a machine with much else to do


def simulated(box: Box) -> list[int]:
    """Return the simulated kops that still run in a sandbox."""
    mark = f"KLED_SANDBOX={box.directory}\0".encode()
    return [one.pid for one in psutil.process_iter() if mark in _environment(one.pid)]


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is true; fail where it does not become so."""
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, "it did not come true"
        time.sleep(0.05)


def _environment(pid: int) -> bytes:
    """Return what a process was started with; nothing of one that ended (a zombie has none)."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
