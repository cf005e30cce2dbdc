"""Progress of a long operation, as counts that any thread may raise."""

import threading
from collections.abc import Callable
from typing import Final, Protocol

from kled.models.share import Share

_EVERY: Final = 5.0
"""Seconds between two lines: often enough for a person, and rare enough for a log."""


class Progress(Protocol):
    """Receives the progress of an operation. Calls come from many threads."""

    def expect(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """There is this much more to do."""

    def done(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """This much more is done; `size` in bytes."""

    def say(self, message: str) -> None:
        """Report something that a person should know."""


class Quiet:
    """Ignores all progress."""

    def expect(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """Show nothing."""

    def done(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """Show nothing."""

    def say(self, message: str) -> None:
        """Show nothing."""


class Counts:
    """Counts clusters, objects and bytes, and tells how far they are every few seconds."""

    def __init__(
        self,
        note: Callable[[str], None],
        tell: Callable[[Share], None],
        monotonic: Callable[[], float],
        *,
        every: float = _EVERY,
    ) -> None:
        self._note = note
        self._tell = tell
        self._monotonic = monotonic
        self._every = every
        self._next = monotonic() + every
        self._lock = threading.Lock()
        self._expected = {"clusters": 0, "objects": 0}
        self._done = {"clusters": 0, "objects": 0}
        self._bytes = 0
        self.begun = False
        """Whether it is known how much there is to do."""

    def expect(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:  # noqa: ARG002 - the bytes that are done are shown
        """There is this much more to do."""
        with self._lock:
            self.begun = True
            self._expected["clusters"] += clusters
            self._expected["objects"] += objects

    def done(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """This much more is done."""
        with self._lock:
            self._done["clusters"] += clusters
            self._done["objects"] += objects
            self._bytes += size
            if self._monotonic() >= self._next:
                self._next = self._monotonic() + self._every
                self._tell(self._so_far())

    def say(self, message: str) -> None:
        """Note something that a person should know."""
        with self._lock:
            self._note(message)

    def _so_far(self) -> Share:
        """Return the share of clusters that are done, or of objects where there is one cluster."""
        parts = [
            f"{self._done[kind]}/{expected} {kind}"
            for kind, expected in self._expected.items()
            if expected
        ]
        summary = f"{', '.join(parts)}, {self._bytes / 1e6:.1f} MB"
        kind = "clusters" if self._expected["clusters"] > 1 else "objects"
        return Share(self._done[kind], max(1, self._expected[kind]), summary)
