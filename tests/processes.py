"""What runs: the simulated kops of a sandbox."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.boxes import Box

PATIENCE = 60.0  # for a machine with much else to do


def simulated(box: Box) -> list[int]:
    """Return the simulated kops that still run in a sandbox, in which they are started."""
    assert box.started
    return [pid for pid in _inside(box) if pid not in kubernetes_apis(box)]


def kubernetes_apis(box: Box) -> list[int]:
    """Return the sandbox's Kubernetes APIs that run: they outlive the kops that started them."""
    module = b"kled.sandbox.kubernetes.server"
    return [pid for pid in _inside(box) if module in _read(pid, "cmdline")]


def _inside(box: Box) -> list[int]:
    mark = f"KLED_SANDBOX={box.directory}\0".encode()
    programs = (b"kled.sandbox", bytes(box.directory / "bin" / "kops"))
    return [
        each.pid
        for each in psutil.process_iter()
        if mark in _read(each.pid, "environ")
        and any(program in _read(each.pid, "cmdline") for program in programs)
    ]


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is true; fail where it does not become so."""
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, "it did not come true"
        time.sleep(0.05)


def _read(pid: int, what: str) -> bytes:
    """Return what a process was started with; nothing of one that ended (a zombie has none)."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""
