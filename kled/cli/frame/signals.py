"""Signals that end a command, whatever it is doing.

The first one is raised in the main thread, which stops kops and gives the lease back on its way
out. Python runs handlers only in that thread, between two of its own steps: none runs while it
waits in a library of another language (a store's client, the resolver of names), and the way out
may itself wait. So another thread receives each signal, too, and ends the process where no handler
ran in time, where the way out takes too long, and where a person interrupts again. That leaves what
a SIGKILL leaves: the lease's watchdog releases the lease and ends kops, and the next run removes
the rest.
"""

import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import Final

from kled.redact import Redactor, secret_values
from kled.terminated import Terminated
from kled.visible import visible

GRACE: Final = 3.0
"""Seconds for a handler to run."""
LIMIT: Final = 4.3
"""Seconds from the first signal to the end of the process, with all that is tidied up."""
_DROPPED: Final = b"\0"
"""What tells the other thread that Python has dropped the error of a signal; no signal is 0."""
_TOGETHER: Final = 0.1
"""Seconds: a terminal, and a parent that passes it on, may send one Ctrl-C twice."""
Handler = Callable[[int, FrameType | None], None]
NAMES: Final[Mapping[int, str]] = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated",
}
"""The signals that end a command, and the word for each."""
CODES: Final[Mapping[int, int]] = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
"""The exit status for each of them (design D14)."""


NOTHING_CHANGED: Final = "nothing was changed"
ANEW: Final = "the same command starts from the beginning"


class LastWords:
    """The message where the process is ended from outside of its main thread."""

    def __init__(self) -> None:
        self.lines: Callable[[], Sequence[str]] = tuple
        """What was under way; set by whoever begins something."""
        self.begun = False
        """Whether a command has begun; what is imported and read before changes nothing."""
        self.told = False
        """Whether the main thread has said it already."""
        self.number = 0
        """The signal that the main thread has heard; 0 for none."""

    def early(self) -> Sequence[str]:
        """Return the lines for a command that has not begun; empty where one has."""
        return () if self.begun else (NOTHING_CHANGED, ANEW)


LAST_WORDS: Final = LastWords()
"""Signals reach a process, not a function, and only one command runs in it. The main thread alone
writes; the thread that ends the process reads it when the main thread no longer answers."""


class _Arrived:
    """The signals that came; the handler and the watching thread write it."""

    def __init__(self, grace: float, limit: float) -> None:
        self.grace = grace
        self.limit = limit
        self.thread = threading.get_ident()
        """The main thread, which alone runs handlers."""
        self.number = 0
        self.first = math.inf
        self.latest = math.inf
        self.handled = False
        self.repeated = False
        """Whether the next one is no new one: this process sends it to itself once more."""

    @property
    def ends(self) -> float:
        """When the patience is over."""
        return self.first + (self.limit if self.handled else min(self.grace, self.limit))


def is_interruption(error: BaseException) -> bool:
    """Say whether `error` is how a signal leaves the main thread.

    Python makes another error of it where it comes while a lock is taken or released
    (`Thread.start`: "release unlocked lock"), and kops, which receives the same Ctrl-C, may fail
    before.
    """
    return isinstance(error, KeyboardInterrupt | Terminated) or LAST_WORDS.number != 0


@contextmanager
def hear_signals(*, grace: float = GRACE, limit: float = LIMIT) -> Iterator[None]:
    """Raise `KeyboardInterrupt` or `Terminated` in the block for the first signal; see above.

    A signal that was ignored when the program began (`nohup`) stays ignored. After a signal the
    process is expected to end even outside of the block, where the patience goes on. Where it is
    raised in a finalizer or a callback (of Python's own imports, too) Python drops the error: it is
    raised once more.
    """
    arrived = _Arrived(grace, limit)

    def end(number: int, frame: FrameType | None) -> None:
        if arrived.handled:
            return  # the command is ending already
        if _is_in(frame, dropped.__code__):  # it would be dropped there, too, and nobody told
            os.write(writer, _DROPPED)
            return
        arrived.handled = True
        LAST_WORDS.number = number
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    wanted = [number for number in NAMES if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in wanted}
    reader, writer = _pipe()
    fd_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def dropped(told: "sys.UnraisableHookArgs") -> None:
        if arrived.handled and isinstance(told.exc_value, KeyboardInterrupt | Terminated):
            arrived.handled = False
            os.write(writer, _DROPPED)
        else:
            hook(told)

    hook, sys.unraisablehook = sys.unraisablehook, dropped
    threading.Thread(target=_watch, args=(reader, end, arrived), daemon=True).start()
    try:
        yield
    finally:
        if not arrived.handled:
            sys.unraisablehook = hook
            signal.set_wakeup_fd(fd_before)
            os.close(writer)  # ends the other thread
            for number, handler in before.items():
                signal.signal(number, handler)


def _pipe() -> tuple[int, int]:
    """Return the two ends of a pipe; the handler, which writes to it, never waits."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    return reader, writer


def _is_in(frame: FrameType | None, code: CodeType) -> bool:
    """Say whether the main thread runs that code, or what it called."""
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def _watch(reader: int, end: Handler, arrived: _Arrived) -> None:
    """Count our signals, and end the process when the patience with one is over."""
    while True:
        left = arrived.ends - time.monotonic()
        patience = None if math.isinf(left) else max(left, 0.0)
        if not select.select([reader], [], [], patience)[0]:
            if time.monotonic() >= arrived.ends:  # a handler that ran meanwhile gave it more
                waited = (
                    "while it tidied up" if arrived.handled else "while it waited for an answer"
                )
                _end(arrived.number, waited)
            continue
        told = os.read(reader, 1)
        if not told:
            break
        if told == _DROPPED:
            arrived.repeated = True
            signal.pthread_kill(arrived.thread, arrived.number)
        elif _is_ours(told[0], end):
            _take(arrived, told[0])
    os.close(reader)


def _take(arrived: _Arrived, number: int) -> None:
    if arrived.repeated:
        arrived.repeated = False
        return
    now, before = time.monotonic(), arrived.latest
    if math.isinf(arrived.first):
        arrived.number, arrived.first = number, now
    arrived.latest = now
    if number == signal.SIGINT and now - before > _TOGETHER:
        _end(number, "again, and ended at once")


def _is_ours(number: int, end: Handler) -> bool:
    """Say whether it is a signal that ends commands, unless other code has taken it over."""
    return number in NAMES and signal.getsignal(number) is end


def _end(number: int, how: str) -> None:
    """End the process at once."""
    if not LAST_WORDS.told:
        with suppress(Exception):  # whatever state the main thread is in
            lines = (f"kled: {NAMES[number]} {how}", *LAST_WORDS.lines())
            redact = Redactor(secret_values(os.environ)).text
            os.write(2, "".join(f"{visible(redact(line))}\n" for line in lines).encode())
    os._exit(CODES[number])
