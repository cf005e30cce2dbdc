"""Starting the watchdog, and hearing what it says."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Final

from kled import process
from kled.errors import KledError
from kled.lease import messages
from kled.lease.messages import FromWatchdog, Gone, LeaseIsLost, Open, Ready
from kled.lease.watch import attend
from kled.retry import Clock
from kled.storage.base import ObjectStore

logger = logging.getLogger(__name__)

_READY_SECONDS: Final = 60.0  # a Python that imports boto3 on a machine that is busy
_END_SECONDS: Final = 1.0
_ARGUMENTS: Final = ("-P", "-m", "kled.lease.watchdog")  # -P: no stranger's kled from here


class Companion:
    """A watchdog that runs and has opened the store."""

    def __init__(self, hears: IO[bytes], says: IO[bytes]) -> None:
        self.pipe = hears
        self._says = says
        self._ready = threading.Event()
        self._trouble = "it ended"
        self._listener: Callable[[FromWatchdog | Gone], None] = self._before_ready
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait_ready(self) -> None:
        """Return once it says so; raise `KledError` where it does not."""
        if not self._ready.wait(_READY_SECONDS):
            raise KledError(f"the lease's watchdog did not start in {_READY_SECONDS:g} s")
        if self._trouble:
            raise KledError(f"the lease's watchdog did not start: {self._trouble}")

    def report_to(self, listener: Callable[[FromWatchdog | Gone], None]) -> None:
        """Hand all further messages to `listener`, and `Gone` at the end."""
        self._listener = listener
        if not self._thread.is_alive():
            listener(Gone())

    def ended(self, patience: float = _END_SECONDS) -> bool:
        """Wait for its end; False where it takes too long."""
        self._thread.join(patience)
        return not self._thread.is_alive()

    def close(self) -> None:
        """End the conversation: a watchdog that waits for more ends upon it."""
        with suppress(OSError):  # what was not sent has nobody left to read it
            self.pipe.close()
        if self.ended():
            self._says.close()

    def _listen(self) -> None:
        for message in messages.from_watchdog(self._says):
            self._listener(message)
        self._listener(Gone())
        self._ready.set()

    def _before_ready(self, message: FromWatchdog | Gone) -> None:
        match message:
            case LeaseIsLost(why):
                self._trouble = why
            case Ready():
                self._trouble = ""
                self._ready.set()
            case _:
                pass  # nothing else is said before


@contextmanager
def started(
    store: ObjectStore, environment: Mapping[str, str], clock: Clock
) -> Iterator[Companion]:
    """Run a watchdog for the body, ready before it begins.

    A memory store is no other process's: its watchdog is a thread, which sees a stopped or killed
    holder as little as anybody else could use that store.
    """
    begin = _thread if store.location.url.startswith("memory:") else _process
    with begin(store, environment, clock) as companion:
        place = store.location
        with suppress(OSError):  # `wait_ready` says why it ended
            messages.send(companion.pipe, Open(place.url, place.endpoint, place.region))
        companion.wait_ready()
        yield companion


@contextmanager
def _process(
    _store: ObjectStore, environment: Mapping[str, str], _clock: Clock
) -> Iterator[Companion]:
    child = process.spawn_detached([sys.executable, *_ARGUMENTS], env=environment)
    companion = Companion(child.stdin, child.stdout)
    try:
        yield companion
    finally:
        companion.close()
        if companion.ended():
            child.wait()
        else:
            logger.warning("the lease's watchdog is still at work", extra={"pid": child.pid})


@contextmanager
def _thread(
    store: ObjectStore, _environment: Mapping[str, str], clock: Clock
) -> Iterator[Companion]:
    theirs, ours = _pipe()
    hears, says = _pipe()

    def watch() -> None:
        with theirs, says:
            attend(theirs, says, lambda _first: store, clock)

    threading.Thread(target=watch, daemon=True).start()
    companion = Companion(ours, hears)
    try:
        yield companion
    finally:
        companion.close()


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    end, start = os.pipe()
    return os.fdopen(end, "rb"), os.fdopen(start, "wb", buffering=0)
