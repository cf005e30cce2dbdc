"""The message of an interrupted command: how far it came, what has ended, what to do.

An observer between the runner and the display collects it. It travels as notes on the interruption
to the one place where commands end.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from kled.cli.frame.signals import ANEW, LAST_WORDS, NOTHING_CHANGED, is_interruption
from kled.operations.step import ADDS_ONLY, READS_ONLY

if TYPE_CHECKING:
    from kled.errors import KledError
    from kled.operations.runner import Row
    from kled.operations.session import Session
    from kled.operations.step import Step

ADDED: Final = "nothing was changed, but a snapshot may have been added"
REST: Final = "the same command does only what is left"


class ShownSteps(Protocol):
    """The display behind the observer."""

    def started(self, step: "Step") -> None:
        """A step's first attempt begins."""

    def retried(self, step: "Step", error: "KledError") -> None:
        """An attempt failed; another may follow."""

    def ended(self, row: "Row") -> None:
        """A step is over."""

    def line(self, line: str) -> None:
        """A line that kops wrote."""

    def note(self, message: str) -> None:
        """Progress of a long step."""

    def waits(self, what: str, lines: Sequence[str]) -> None:
        """The run waits for `what`; `lines` tell a person so."""


class Interruptible:
    """Remembers how far a command's operations are, and passes everything on to a display."""

    def __init__(self, what: str, display: ShownSteps, rest: str = REST) -> None:
        """`what` is the operation's name, for example `create cluster`.

        `rest` says what the same command does once something was done; empty leaves that out.
        """
        self._what = what
        self._rest = rest
        self._display = display
        self._done: list[str] = []
        self._at: Step | None = None
        self._since = 0.0
        self._waits = ""
        self._added = False
        self._touched = False
        self._session: Session | None = None

    def started(self, step: "Step") -> None:
        """Remember it, and pass it on."""
        self._at, self._since, self._waits = step, time.monotonic(), ""
        self._added |= step.way_back == ADDS_ONLY
        self._touched |= not step.reads and step.way_back not in {READS_ONLY, ADDS_ONLY}
        self._display.started(step)

    def retried(self, step: "Step", error: "KledError") -> None:
        """Pass it on."""
        self._display.retried(step, error)

    def ended(self, row: "Row") -> None:
        """Remember it, and pass it on."""
        self._at = None
        if row.outcome == "done":
            self._done.append(row.step)
        self._display.ended(row)

    def line(self, line: str) -> None:
        """Pass it on."""
        self._display.line(line)

    def note(self, message: str) -> None:
        """Pass it on."""
        self._display.note(message)

    def waits(self, what: str, lines: Sequence[str]) -> None:
        """Remember it until a step begins, and pass it on."""
        self._waits = what
        self._display.waits(what, lines)

    def opened(self, session: "Session") -> None:
        """Remember whose kops runs, and which lease is held."""
        self._session = session

    def lines(self) -> list[str]:
        """Say how far it came; to be asked when the session has ended."""
        return [*self._so_far(), *self._ended(), *self._again()]

    def hurried(self) -> list[str]:
        """Say the same where the end is not waited for; the lease's watchdog does the rest."""
        lease = self._session.lease if self._session is not None else None
        if lease is None:
            return [*self._so_far(), *self._again()]
        ttl = f"{lease.lease.ttl.total_seconds():g} s"
        rest = f"its watchdog ends kops and frees the lease of {lease.lease.cluster} within {ttl}"
        return [*self._so_far(), rest, *self._again()]

    def _so_far(self) -> Iterator[str]:
        if self._waits:
            yield f"{self._what} was waiting for {self._waits}"
        elif self._at is not None:
            seconds = f"{time.monotonic() - self._since:.0f} s"
            yield f"{self._what} was at: {self._at.name}, for {seconds}"
            if self._at.unsure:
                yield self._at.unsure
        elif not self._done:
            yield f"{self._what} had not begun"
        if self._done:
            yield f"done before: {', '.join(self._done)}"
        if not self._touched:
            yield ADDED if self._added else NOTHING_CHANGED

    def _ended(self) -> Iterator[str]:
        """Yield what has ended by now, since the session is closed."""
        if self._session is None:
            return
        over = ["kops has ended"] if self._session.drives_kops else []
        lease = self._session.lease
        if lease is not None:
            name = lease.lease.cluster
            ttl = f"{lease.lease.ttl.total_seconds():g} s"
            free = lease.released or lease.lost
            over.append(
                f"the lease of {name} is free" if free else f"the lease of {name} lapses in {ttl}"
            )
        if over:
            yield "; ".join(over)

    def _again(self) -> Iterator[str]:
        if self._rest:
            yield self._rest if self._touched or self._added or self._done else ANEW


@contextmanager
def tell_when_interrupted(
    lines: Callable[[], list[str]], hurried: Callable[[], list[str]]
) -> Iterator[None]:
    """Add these lines to an interruption of the block; `hurried` ones where it is cut short."""
    before, LAST_WORDS.lines = LAST_WORDS.lines, hurried
    try:
        yield
    except BaseException as error:
        if not is_interruption(error):
            LAST_WORDS.lines = before
        elif not notes(error):
            for line in lines():
                error.add_note(line)
        raise
    LAST_WORDS.lines = before


@contextmanager
def add_when_interrupted(line: str) -> Iterator[None]:
    """Add this line to an interruption of the block."""
    try:
        yield
    except BaseException as error:
        if is_interruption(error):
            error.add_note(line)
        raise


def notes(error: BaseException) -> list[str]:
    """Return the notes of an interruption, also where click has raised its own from it."""
    carried = getattr(error, "__notes__", ()) or getattr(error.__cause__, "__notes__", ())
    return list(carried)
