"""Times two commands in turn (A B A B …), so that a machine whose speed drifts is fair to both."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Wall and CPU seconds of the runs of one command."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def median_cpu(self) -> float:
        return statistics.median(self.cpu)


def once(argv: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Run a command; return its wall and CPU seconds, children included."""
    cpu_before, started = _children_cpu(), time.perf_counter()
    done = subprocess.run(argv, env=dict(env), capture_output=True, text=True, check=False)
    wall, cpu = time.perf_counter() - started, _children_cpu() - cpu_before
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return wall, cpu


def in_turn(
    commands: Sequence[Sequence[str]], env: Mapping[str, str], runs: int
) -> tuple[Timing, ...]:
    """Run the commands in turn, once to warm up and `runs` times counted."""
    taken: list[list[tuple[float, float]]] = [[] for _ in commands]
    for counted in range(-1, runs):
        for at, argv in enumerate(commands):
            seconds = once(argv, env)
            if counted >= 0:
                taken[at].append(seconds)
    return tuple(
        Timing(tuple(wall for wall, _ in runs_of), tuple(cpu for _, cpu in runs_of))
        for runs_of in taken
    )


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system
