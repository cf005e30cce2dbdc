"""How far work on snapshots is: a live line on a terminal, a plain one now and then elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from kled.snapshot.progress import Progress

_EVERY: Final = 5.0
_REDRAW: Final = 0.1


@contextmanager
def counting(to: TextIO, what: str) -> Iterator["Progress"]:
    """Yield the progress that fits `to`; `what` is being done."""
    counts = Counts(to, what, live=to.isatty())
    try:
        yield counts
    finally:
        counts.end()


class Counts:
    """Counts clusters, objects and bytes. Calls come from many threads."""

    def __init__(self, to: TextIO, what: str, *, live: bool) -> None:
        self._to = to
        self._what = what
        self._live = live
        self._lock = threading.Lock()
        self._expected = {"clusters": 0, "objects": 0}
        self._done = {"clusters": 0, "objects": 0}
        self._bytes = 0
        self._next = time.monotonic() + (_REDRAW if live else _EVERY)

    def expect(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:  # noqa: ARG002
        """There is this much more to do."""
        with self._lock:
            self._expected["clusters"] += clusters
            self._expected["objects"] += objects

    def done(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """This much more is done."""
        with self._lock:
            self._done["clusters"] += clusters
            self._done["objects"] += objects
            self._bytes += size
            if time.monotonic() >= self._next:
                self._write(self._words())
                self._next = time.monotonic() + (_REDRAW if self._live else _EVERY)

    def say(self, words: str) -> None:
        """Write a line of its own."""
        with self._lock:
            self._to.write(("\r\x1b[K" if self._live else "") + words + "\n")
            self._to.flush()

    def end(self) -> None:
        """Remove the live line."""
        if self._live:
            self._to.write("\r\x1b[K")
            self._to.flush()

    def _write(self, words: str) -> None:
        self._to.write(f"\r\x1b[K{words}" if self._live else f"{words}\n")
        self._to.flush()

    def _words(self) -> str:
        parts = [
            f"{self._done[what]}/{expected} {what}"
            for what, expected in self._expected.items()
            if expected
        ]
        return f"{self._what}: {', '.join(parts)}, {self._bytes / 1e6:.1f} MB"
