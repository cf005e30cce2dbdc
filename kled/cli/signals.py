"""Signals that end a command, also one that waits for an answer that never comes.

Python runs handlers in the main thread, between two of its own steps: while that thread waits in a
library of another language (a store's client, the resolver of names), none runs. So another thread
hears of each signal, too, and ends the process where no handler ran in time. What is then left is
what a SIGKILL leaves: the lease's watchdog releases the lease and ends kops, and the next run
removes the rest.
"""

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

GRACE: Final = 3.0
"""Seconds for a handler to run."""
_TOGETHER: Final = 1.0
_POLL: Final = 0.05
Handler = Callable[[int, FrameType | None], None]
_NAMES: Final = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated",
}
INTERRUPTED: Final = 130
TERMINATED: Final = 143
_CODES: Final = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED, signal.SIGHUP: TERMINATED}


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived; leaves through every `finally`, so that children are stopped."""


class _Ran:
    """When a handler ran last."""

    at = -math.inf


@contextmanager
def heard(*, grace: float = GRACE) -> Iterator[None]:
    """Raise `KeyboardInterrupt` or `Terminated` in the block for each signal; see above.

    One that was ignored when the program began (`nohup`) stays ignored.
    """
    ran = _Ran()

    def end(number: int, _frame: FrameType | None) -> None:
        ran.at = time.monotonic()
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    wanted = [one for one in _NAMES if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, end) for one in wanted}
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    fd_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader, end, ran, grace), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(fd_before)
        os.close(writer)  # ends the other thread
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(reader: int, end: Handler, ran: _Ran, grace: float) -> None:
    """Wait for the handler after each signal that is ours; what others took over is theirs.

    Signals that follow each other closely may have one run of the handler for all.
    """
    while told := os.read(reader, 1):
        began = time.monotonic()
        while _waits(told[0], end) and ran.at < began - _TOGETHER:
            if time.monotonic() >= began + grace:
                _end(signal.Signals(told[0]))
            time.sleep(_POLL)
    os.close(reader)


def _waits(number: int, end: Handler) -> bool:
    return number in _NAMES and signal.getsignal(number) is end


def _end(number: signal.Signals) -> None:
    words = f"kled: {_NAMES[number]} while it waited for an answer; look, then run it again\n"
    os.write(2, words.encode())
    os._exit(_CODES[number])
