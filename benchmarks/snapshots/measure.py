"""One run of a command: seconds, CPU seconds, peak memory, requests to both stores."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.snapshots.servers import Store


@dataclass(frozen=True)
class Run:
    """What one run took; requests by kind, of source and target together."""

    wall: float
    cpu: float
    peak_mb: float
    reads: int
    lists: int
    writes: int
    others: int
    output: str

    @property
    def requests(self) -> int:
        return self.reads + self.lists + self.writes + self.others


def run(
    argv: Sequence[str | Path],
    env: Mapping[str, str],
    stores: Sequence[Store],
    *,
    rtt_ms: float,
    mbps: float = 0,
) -> Run:
    """Run a command with fresh counters; raise SystemExit with its words where it fails."""
    for store in stores:
        store.reset(rtt_ms=rtt_ms, mbps=mbps)
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in argv],
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = _Peak(process.pid)
    peak.start()
    cpu_before = _children_cpu()
    output, errors = process.communicate()
    wall = time.perf_counter() - started
    peak.over.set()
    peak.join()
    if process.returncode:
        raise SystemExit(f"{argv} ended with {process.returncode}: {errors[-3000:]}")
    total: dict[str, int] = {}
    for store in stores:
        for kind, number in store.requests().items():
            total[kind] = total.get(kind, 0) + number
    reads, lists = total.pop("GET", 0), total.pop("LIST", 0)
    writes = total.pop("PUT", 0) + total.pop("POST", 0)
    return Run(
        wall,
        _children_cpu() - cpu_before,
        peak.megabytes,
        reads,
        lists,
        writes,
        sum(total.values()),
        output,
    )


class _Peak(threading.Thread):
    """Reads a process's own high-water mark: what wait4 tells includes the parent's memory.

    And those of its children: a shell runs one command after the other.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.over = threading.Event()
        self.megabytes = 0.0

    def run(self) -> None:
        while not self.over.wait(0.05):
            for pid in (self._pid, *_children(self._pid)):
                self.megabytes = max(self.megabytes, _peak_mb(pid))


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak_mb(pid: int) -> float:
    """Return the most that a process held at once; 0 where it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    peaks = (line.split()[1] for line in text.splitlines() if line.startswith("VmHWM:"))
    return int(next(peaks, "0")) / 1024


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system
