"""How far work on snapshots is: a live bar on a terminal, a plain line now and then elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from kled.snapshot.progress import Progress

_EVERY: Final = 5.0


@contextmanager
def counting(to: TextIO, what: str) -> Iterator["Progress"]:
    """Yield the progress that fits `to`; `what` is being done."""
    if not to.isatty():
        yield Counts(Lines(to, what))
        return
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    console = Console(file=to)
    with RichProgress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        yield Counts(Bar(bar, what))


class Shown(Protocol):
    """Where counts become visible. Called by one thread at a time."""

    def update(self, done: int, total: int, words: str) -> None:
        """`done` of `total` is done; `words` say it all."""

    def line(self, words: str) -> None:
        """Write a line that stays."""


class Counts:
    """Counts clusters, objects and bytes. Calls come from many threads."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._lock = threading.Lock()
        self._expected = {"clusters": 0, "objects": 0}
        self._done = {"clusters": 0, "objects": 0}
        self._bytes = 0

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
            kind = "objects" if self._expected["objects"] else "clusters"
            self._shown.update(self._done[kind], self._expected[kind], self._words())

    def say(self, words: str) -> None:
        """Write a line of its own."""
        with self._lock:
            self._shown.line(words)

    def _words(self) -> str:
        parts = [
            f"{self._done[what]}/{expected} {what}"
            for what, expected in self._expected.items()
            if expected
        ]
        return f"{', '.join(parts)}, {self._bytes / 1e6:.1f} MB"


class Lines:
    """One line every few seconds."""

    def __init__(self, to: TextIO, what: str, *, every: float = _EVERY) -> None:
        self._to = to
        self._what = what
        self._every = every
        self._next = time.monotonic() + every

    def update(self, done: int, total: int, words: str) -> None:  # noqa: ARG002 - words say it
        """Write a line where the last one is old enough."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self.line(f"{self._what}: {words}")

    def line(self, words: str) -> None:
        """Write a line."""
        self._to.write(f"{words}\n")
        self._to.flush()


class Bar:
    """The live bar; it is gone at the end."""

    def __init__(self, bar: "RichProgress", what: str) -> None:
        self._bar = bar
        self._task = bar.add_task(what, total=None, words="")

    def update(self, done: int, total: int, words: str) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=total or None, words=words)

    def line(self, words: str) -> None:
        """Write a line above the bar."""
        self._bar.console.print(words, markup=False, highlight=False, soft_wrap=True)
