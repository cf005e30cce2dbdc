"""The kops that runs under a lease: known by its process id and when it started.

The start guards against an id that the system gave to another process since. It is read where the
child cannot have been reaped yet, by the process that started it.
"""

import os
import signal
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kled.retry import Clock

_POLL: Final = 0.02
_STATE, _START = 0, 19  # fields 3 and 22 of proc(5), counted after the command's name
_ENDED: Final = frozenset({"Z", "X", "x"})
_REAP_WAIT: Final = 1.0
KNOWN_BY_START: Final = Path("/proc/self/stat").exists()
"""Whether this system tells when a process started; Linux does."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process; `started` is None on systems without /proc, where the id alone must do."""

    pid: int
    started: int | None


def identify(pid: int) -> Child:
    """Return the process as it is now."""
    fields = _fields(pid)
    return Child(pid, int(fields[_START]) if fields else None)


def running(child: Child) -> bool:
    """Say whether the very process still runs; one that ended and was not reaped does not."""
    if child.started is None:
        return _exists(child.pid)
    fields = _fields(child.pid)
    if fields is None or fields[_STATE] in _ENDED:
        return False
    return int(fields[_START]) == child.started


def stop(children: Collection[Child], grace: float, clock: Clock) -> bool:
    """TERM, then KILL after `grace` seconds; say whether all are surely dead. May run twice.

    KILL also ends a child that is itself stopped, where TERM would stay pending.
    """
    if _signal(children, signal.SIGTERM, grace, clock):
        return True
    return _signal(children, signal.SIGKILL, _REAP_WAIT, clock)


def _signal(
    children: Collection[Child], number: signal.Signals, patience: float, clock: Clock
) -> bool:
    for child in filter(running, children):
        try:
            os.kill(child.pid, number)
        except ProcessLookupError:
            continue  # ended between the look and the signal
    ends = clock.monotonic() + patience
    while any(map(running, children)):
        if clock.monotonic() >= ends:
            return False
        clock.sleep(_POLL)
    return True


def _fields(pid: int) -> list[str] | None:
    """Return the fields after the command's name, which may itself hold spaces and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
