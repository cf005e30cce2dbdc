"""Shows a running operation: its steps, their durations, and the last line of kops.

On a terminal a live list; elsewhere plain lines, one per event, so that logs stay readable.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from kled.cli.terminal import typed_places
from kled.cli.terminal.streams import Terminal, redactor
from kled.errors import KledError
from kled.kops.failures import klog
from kled.kops.failures.warnings import warned_of
from kled.operations.runner import Row
from kled.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from kled.operations.step import Step


_SILENCE: Final = 30.0
"""Seconds of silence after which a line of kops is shown, off a terminal."""


class Display(Protocol):
    """An observer that also shows the last line of kops."""

    def started(self, step: "Step") -> None:
        """A step's first attempt begins."""

    def retried(self, step: "Step", error: KledError) -> None:
        """An attempt failed; another may follow."""

    def ended(self, row: Row) -> None:
        """A step is over."""

    def line(self, line: str) -> None:
        """A line that kops wrote."""

    def note(self, message: str) -> None:
        """Progress of a long step."""

    def waits(self, what: str, lines: Sequence[str]) -> None:
        """The run waits for `what`; `lines` tell a person so, and stay visible."""


@contextmanager
def display(to: Terminal, *, verbose: bool, results: bool = True) -> Iterator[Display]:
    """Yield the display that fits `to`; with `results` it shows what each step has done."""
    if not to.is_live or verbose:
        yield PlainLines(to, verbose=verbose, results=results)
        return
    from rich.live import Live  # noqa: PLC0415 - only where somebody looks

    console = to.console()
    steps = LiveSteps(console, results=results)
    with Live(console=console, get_renderable=steps.render, refresh_per_second=8):
        yield steps


class PlainLines:
    """One line per event; kops' own lines only with `verbose`."""

    def __init__(
        self,
        to: Terminal,
        *,
        verbose: bool,
        results: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._to = to
        self._results = results
        self._verbose = verbose
        self._monotonic = monotonic
        self._said = monotonic()
        self._warned = ""

    def started(self, step: "Step") -> None:
        """Name the step."""
        self._say(f"{step.name} ...")

    def retried(self, step: "Step", error: KledError) -> None:
        """Say why it is tried again."""
        self._say(f"{step.name}: not yet: {error.message}")

    def ended(self, row: Row) -> None:
        """Say how the step ended and how long it took; a failure's reason is in the error."""
        result = f": {row.words}" if self._results and row.outcome == "done" else ""
        self._say(f"{row.step}: {row.outcome} in {row.seconds:.1f} s{result}")

    def line(self, line: str) -> None:
        """Pass on kops' line; without `verbose` only one now and then, preferably a warning.

        kops repeats failing tasks for ten minutes, and nobody should wait that long in silence.
        """
        if self._verbose:
            self._say(f"  kops: {line}")
            return
        if warned_of(line) is not None:
            self._warned = line
        if self._monotonic() - self._said >= _SILENCE:
            self._say(f"  kops: {klog.words(self._warned or line)}")
            self._warned = ""

    def note(self, message: str) -> None:
        """Pass it on."""
        self._say(f"  {message}")

    def waits(self, what: str, lines: Sequence[str]) -> None:
        """Say these lines."""
        for line in (f"wait for {what} ...", *lines):
            self._say(line)

    def _say(self, line: str) -> None:
        self._said = self._monotonic()
        self._to.say(line)


class LiveSteps:
    """The live list; `render` is called several times a second."""

    def __init__(self, console: "Console", *, results: bool = True) -> None:
        self._console = console
        self._results = results
        self._rows: list[Row] = []
        self._running: str | None = None
        self._since = 0.0
        self._note = ""
        self._line = ""

    def started(self, step: "Step") -> None:
        """Show the step as running."""
        self._running, self._since = step.name, time.monotonic()
        self._note = self._line = ""

    def retried(self, step: "Step", error: KledError) -> None:
        """Show why it is tried again."""
        self._running, self._line = step.name, f"not yet: {error.message}"

    def ended(self, row: Row) -> None:
        """Show the step as over."""
        self._rows.append(row)
        self._running = None

    def line(self, line: str) -> None:
        """Show kops' last line without its log prefix."""
        self._line = klog.words(line) or self._line

    def note(self, message: str) -> None:
        """Show the progress of the step, before the last line of kops."""
        self._note = message

    def waits(self, what: str, lines: Sequence[str]) -> None:
        """Write these lines above the list, where they stay."""
        from rich.text import Text  # noqa: PLC0415 - only where somebody looks

        self._running, self._since = f"wait for {what}", time.monotonic()
        self._note = self._line = ""
        for line in lines:
            self._console.print(Text(_seen(typed_places.complete(line))), soft_wrap=True)

    def render(self) -> "RenderableType":
        """Return the list as it is now."""
        from rich.spinner import Spinner  # noqa: PLC0415 - only where somebody looks
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        grid = Table.grid(padding=(0, 1))
        for row in self._rows:
            mark = Text("✔", "green") if row.outcome == "done" else Text("✘", "red")
            shown = self._results and row.outcome == "done"
            result = Text(_seen(typed_places.complete(row.words)) if shown else "", "dim")
            grid.add_row(mark, Text(_seen(row.step)), f"{row.seconds:6.1f} s", result)
        if self._running is not None:
            seconds = time.monotonic() - self._since
            said = " · ".join(filter(None, (self._note, self._line)))
            note = Text(_seen(said), "dim", overflow="ellipsis", no_wrap=True)
            note.truncate(max(20, self._console.width - 40))
            grid.add_row(Spinner("dots"), Text(_seen(self._running)), f"{seconds:6.1f} s", note)
        return grid


def _seen(text: str) -> str:
    """Return a text as it may be drawn: visible, and without secrets."""
    return visible(redactor().text(text))
