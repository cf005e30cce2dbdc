"""The only module that starts child processes.

A child never gets a shell, reads nothing (stdin is /dev/null), stays in the process group of the
run (so that a worker which signals the group reaches it) and dies with its parent: `setpriv
--pdeathsig` sets the parent-death signal, because a preexec_fn is not safe with threads. On
platforms without setpriv the signal is left out; the deadline and the clean-up on every exit of
`run` remain.
"""

import io
import logging
import math
import os
import queue
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Final, Literal, Protocol

from kled import sentences
from kled.errors import DeadlineExceeded, SettingsError
from kled.sentences import duration

logger = logging.getLogger(__name__)

Stream = Literal["stdout", "stderr"]
OnLine = Callable[[Stream, str], None]
"""Called in the caller's thread with each line; an exception that it raises ends the child."""
OnStart = Callable[[int], None]
"""Called with the child's process id before its first line is read."""

TERM_GRACE: Final = timedelta(seconds=10)
INTERRUPTED_GRACE: Final = timedelta(seconds=1.5)
"""Where a signal ends the whole run, and somebody waits for that."""
DRAIN: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Finished:
    """A child that ended by itself; `stdout` is whole, `stderr` the last `STDERR_LINES` lines."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


STDERR_LINES: Final = 10_000
"""Kops warns on stderr of each cluster that it leaves out of a list; of a fleet these are many."""


class Runner(Protocol):
    """Runs one child to its end; `run` is the real one."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        timeout: timedelta,
        on_line: OnLine | None = None,
        on_start: OnStart | None = None,
    ) -> Finished:
        """Run `argv` with exactly `env`; raise `DeadlineExceeded` after `timeout`."""


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: timedelta,
    on_line: OnLine | None = None,
    on_start: OnStart | None = None,
) -> Finished:
    """Run `argv` with exactly `env` and return when it ended, whatever its exit status.

    Lines reach `on_line` as they come, in the caller's thread. However this function is left (the
    deadline, an exception of a callback, a signal turned into an exception), the child gets TERM,
    then KILL after `TERM_GRACE`, sooner where a signal ends the whole run, and is reaped. Raises
    `DeadlineExceeded` after `timeout`, and `SettingsError` where the executable cannot be started.
    """
    started = time.monotonic()
    with _ending(_start(argv, env)) as child:
        try:
            if on_start is not None:
                on_start(child.pid)
            out, err = _follow(child, started + timeout.total_seconds(), on_line)
        except _Late:
            call = f"{Path(argv[0]).name} {' '.join(argv[1:3])}"
            raise DeadlineExceeded(
                f"{call} took longer than {duration(timeout)} and was stopped"
            ) from None
    return Finished(tuple(argv), child.returncode, out, err, time.monotonic() - started)


def interactive(argv: Sequence[str], *, env: Mapping[str, str]) -> int:
    """Run a program that talks to the terminal (an editor, k9s); return its exit status."""
    try:
        return subprocess.run(argv, env=dict(env), check=False).returncode  # noqa: S603 - no shell
    except OSError as error:
        raise _unusable(argv[0], error) from error


@dataclass(frozen=True, slots=True)
class Detached:
    """A companion that runs; closing `stdin` asks it to end."""

    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]
    wait: Callable[[], int]
    """Reap it; returns its exit status once it ended."""


def spawn_detached(argv: Sequence[str], *, env: Mapping[str, str]) -> Detached:
    """Start a companion in a session of its own, its stdin and stdout pipes to the caller.

    For the lease's watchdog, which must outlive a stopped parent and ends when its stdin does, and
    for the sandbox's Kubernetes API: it gets no parent-death signal. Raises `SettingsError` where
    it cannot be started.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - no shell
            argv,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _unusable(argv[0], error) from error
    return Detached(child.pid, _pipe(child.stdin), _pipe(child.stdout), child.wait)


@dataclass(frozen=True, slots=True)
class Apart:
    """A server of this process, in a session of its own."""

    pid: int
    poll: Callable[[], int | None]
    """Its exit status; None while it runs."""
    end: Callable[[float], None]
    """TERM, then KILL after so many seconds, and reap it; nothing where it has ended."""


def spawn_apart(argv: Sequence[str], *, env: Mapping[str, str], says: IO[bytes]) -> Apart:
    """Start a server whose words go to the file `says`; it dies with the thread that calls this.

    The signals of a terminal do not reach it: whoever started it ends it, after what still needs
    it. Raises `SettingsError` where it cannot be started.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - no shell
            [*_guard(), *argv],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=says,
            stderr=says,
            start_new_session=True,
        )
    except OSError as error:
        raise _unusable(argv[0], error) from error
    return Apart(child.pid, child.poll, lambda seconds: _end(child, timedelta(seconds=seconds)))


def _guard() -> list[str]:
    """Return what lets a child die with the thread that started it, where the system has it."""
    setpriv = shutil.which("setpriv", path=os.defpath)
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:  # Popen gives every pipe that it was asked for
        raise AssertionError
    return stream


class _Late(Exception):
    """The deadline passed."""


def _start(argv: Sequence[str], env: Mapping[str, str]) -> "subprocess.Popen[str]":
    program = shutil.which(argv[0], path=env.get("PATH", os.defpath))
    if program is None:
        raise SettingsError(
            f"cannot run {argv[0]}: no such executable", hint="install it or name its full path"
        )
    logger.debug("starting child", extra={"program": program, "words": list(argv[1:3])})
    try:
        return subprocess.Popen(  # noqa: S603 - no shell
            [*_guard(), program, *argv[1:]],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise _unusable(argv[0], error) from error


def _unusable(program: str, error: OSError) -> SettingsError:
    return SettingsError(f"cannot run {program}: {sentences.reason(error)}")


def _follow(
    child: "subprocess.Popen[str]", deadline: float, on_line: OnLine | None
) -> tuple[str, str]:
    """Read both streams to their ends and wait for the child."""
    out: list[str] = []
    err: deque[str] = deque(maxlen=STDERR_LINES)
    for name, line in _lines(child, deadline):
        (out if name == "stdout" else err).append(line)
        if on_line is not None:
            on_line(name, line.rstrip("\n"))
    _wait(child, deadline)
    return "".join(out), "".join(err)


def _lines(child: "subprocess.Popen[str]", deadline: float) -> Iterator[tuple[Stream, str]]:
    """Yield lines in the order of arrival; raise `_Late` at the deadline.

    A grandchild may keep a pipe open after the child: it gets `DRAIN` to say what is left.
    """
    lines: queue.SimpleQueue[tuple[Stream, str | None]] = queue.SimpleQueue()
    for name, pipe in (("stdout", child.stdout), ("stderr", child.stderr)):
        threading.Thread(target=_pump, args=(name, pipe, lines), daemon=True).start()
    still_open, drained = 2, math.inf
    while still_open and time.monotonic() < drained:
        if time.monotonic() >= deadline:
            raise _Late
        try:
            stream, line = lines.get(timeout=0.1)
        except queue.Empty:
            if drained == math.inf and child.poll() is not None:
                drained = time.monotonic() + DRAIN.total_seconds()
            continue
        if line is None:
            still_open -= 1
        else:
            yield stream, line


def _pump(
    name: Stream, pipe: IO[str], lines: "queue.SimpleQueue[tuple[Stream, str | None]]"
) -> None:
    if isinstance(pipe, io.TextIOWrapper):
        pipe.reconfigure(newline="\n")  # a carriage return, be it of a name, ends no line
    with pipe:
        for line in pipe:
            lines.put((name, line))
    lines.put((name, None))


def _wait(child: "subprocess.Popen[str]", deadline: float) -> None:
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _Late from None


@contextmanager
def _ending(child: "subprocess.Popen[str]") -> "Iterator[subprocess.Popen[str]]":
    """End the child however the block is left."""
    grace = TERM_GRACE
    try:
        yield child
    except Exception:
        raise
    except BaseException:
        grace = INTERRUPTED_GRACE
        raise
    finally:
        _end(child, grace)


def _end(child: "subprocess.Popen[str] | subprocess.Popen[bytes]", grace: timedelta) -> None:
    """TERM, then KILL, and reap; nothing where the child has ended."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(grace.total_seconds())
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
