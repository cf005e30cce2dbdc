"""The one place where kled writes to its terminal, so that everything shown is safe to look at.

`Terminal.say` takes lines, redacts them and makes each visible, `Terminal.data` takes JSON and
YAML, which escape what they quote, and `Terminal.exact` alone writes bytes as they are. A test
ensures that no other module of the command line prints, or touches the standard streams.
"""

import contextlib
import functools
import io
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from kled.cli.terminal import typed_places
from kled.redact import RedactingFilter, Redactor, log_strays, secret_values
from kled.visible import VisibleFilter, quoted, visible, visible_lines

if TYPE_CHECKING:
    from rich.console import Console

_DUMB: Final = frozenset({"", "dumb", "unknown"})
_SIZES: Final = ("COLUMNS", "LINES")
_SIZE: Final = re.compile(r"[1-9][0-9]{0,3}")

_FENCE: Final = "```"


class Terminal:
    """One stream that a person may look at."""

    def __init__(self, stream: TextIO, *, needed: bool = True, advises: bool = False) -> None:
        self._stream = stream
        self._needed = needed
        """Whether it is an error that nothing can be written there."""
        self._advises = advises
        """Whether what is said there are words of kled: commands in them become complete."""

    @property
    def is_live(self) -> bool:
        """Whether a person looks at it on a terminal that can move its cursor."""
        return self._stream.isatty() and os.environ.get("TERM", "") not in _DUMB

    def columns(self) -> int | None:
        """Return the width of the terminal; None where it is none, or does not say."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or None
        except (OSError, ValueError):
            return None

    def say(self, *lines: str) -> None:
        """Write and flush lines without secrets; control characters in them are escaped."""
        said = map(typed_places.complete, lines) if self._advises else lines
        redact = redactor().text
        self._write("".join(f"{visible(redact(line))}\n" for line in said))

    def data(self, text: str) -> None:
        """Write JSON or YAML with the same values, whatever the terminal's encoding."""
        self._write(quoted(text, ascii_only=not self._is_unicode()))

    def exact(self, text: str) -> None:
        """Write `text` unchanged, for a shell that evaluates it; the caller has quoted it."""
        self._write(visible_lines(text) if self._stream.isatty() else text)

    def markdown(self, text: str) -> None:
        """Write markdown without secrets: on a terminal tables and headings are laid out.

        Whatever else there is may hold a command, and keeps its lines: one that is broken to fit
        the width is another command where it is pasted.
        """
        text = visible_lines(redactor().text(text))
        if not self.is_live:
            self._plainly(text)
            return
        from rich.markdown import Markdown  # noqa: PLC0415 - only where somebody looks

        for laid_out, marked in groupby(_lines_of(text), itemgetter(0)):
            lines = [line for _, line in marked]
            if laid_out:
                self.console().print(Markdown("\n".join(lines), hyperlinks=False))
            else:
                self._plainly("".join(f"{line}\n" for line in lines))

    def _plainly(self, text: str) -> None:
        from tasks.running.markdown import plain  # noqa: PLC0415 - imports no prefect

        self._write(visible_lines(redactor().text(plain(text))))

    def console(self) -> "Console":
        """Return a console that draws; texts have no markup, and must be made visible before."""
        from rich.console import Console  # noqa: PLC0415 - only where somebody looks

        return Console(
            file=self._stream,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            if self._needed:
                raise
            close_pipe(self._stream)  # what is left in its buffer has nowhere to go, either

    def _is_unicode(self) -> bool:
        return (self._stream.encoding or "utf-8").lower().startswith("utf")


def _lines_of(text: str) -> Iterator[tuple[bool, str]]:
    """Yield each line of a markdown text, and whether it is one of a table or a heading."""
    in_code = False
    for line in text.rstrip("\n").split("\n"):
        in_code ^= line.startswith(_FENCE)
        yield not in_code and line.startswith(("#", "|")), line


def redactor() -> Redactor:
    """Return the redactor of secrets: by their shapes, and by the values of variables."""
    return _redactor(secret_values(os.environ))


@functools.lru_cache(maxsize=1)
def _redactor(secrets: frozenset[str]) -> Redactor:
    return Redactor(secrets)


def out() -> Terminal:
    """Return the stream for results."""
    return Terminal(sys.stdout)


def err() -> Terminal:
    """Return the stream for messages; a change goes on where nobody can read them."""
    return Terminal(sys.stderr, needed=False, advises=True)


def is_one_place() -> bool:
    """Say whether stdout and stderr go to one place: a terminal, or one log."""
    try:
        results, messages = os.fstat(sys.stdout.fileno()), os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # a test's stream has no descriptor
        return False
    return os.path.samestat(results, messages)


def can_ask() -> bool:
    """Say whether a person sits at this terminal."""
    return has_input() and sys.stderr.isatty()


def has_input() -> bool:
    """Say whether a person can type here."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def ask(question: str) -> str:
    """Return what a person types after `question`; raises `click.Abort` for Ctrl-C and Ctrl-D."""
    answer: str = click.prompt(visible(question), default="", show_default=False, err=True)
    return answer


def prepare() -> None:
    """Prepare the standard streams for closed descriptors, limited encodings and odd sizes.

    Where stdout was closed (`>&-`) writing a result fails, as it should, and no file that is opened
    later can take its descriptor. A character that the locale lacks becomes an escape.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            way = os.O_RDONLY if name in {"stdin", "stdout"} else os.O_WRONLY
            setattr(sys, name, os.fdopen(os.open(os.devnull, way), mode))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for name in _SIZES:  # libraries fail over `COLUMNS=²`
        if name in os.environ and not _SIZE.fullmatch(os.environ[name]):
            del os.environ[name]


def close_pipe(stream: TextIO | None = None) -> None:
    """Keep Python from flushing to a reader that went away, or to a full disk.

    Python would end with status 120 otherwise. `stream` is stdout by default.
    """
    with contextlib.suppress(OSError, ValueError):  # a test's stream has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def end(*lines: str) -> None:
    """Write the command's last lines to stderr; nothing is raised where nobody reads any more."""
    try:
        err().say(*lines)
    except (OSError, ValueError):
        close_pipe(sys.stderr)


def log_to(write: Callable[[], Terminal], *, verbose: bool) -> None:
    """Write warnings of kled and of libraries as lines; tracebacks only with `verbose`.

    Without any logging configuration they come through Python's handler of last resort.
    """
    handler = _Lines(write, verbose=verbose)
    handler.addFilter(RedactingFilter(redactor()))
    handler.addFilter(VisibleFilter())
    logging.lastResort = handler
    log_strays()


class _Lines(logging.Handler):
    """Writes records as lines."""

    def __init__(self, write: Callable[[], Terminal], *, verbose: bool) -> None:
        super().__init__(logging.WARNING)
        self._write = write
        self._verbose = verbose

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; the last line of its traceback where the whole is not wanted."""
        trace = record.exc_text.split("\n") if record.exc_text else []
        with contextlib.suppress(OSError, ValueError):
            self._write().say(
                f"{record.levelname.lower()}: {record.getMessage()}"
                + (f": {trace[-1]}" if trace and not self._verbose else ""),
                *(f"  {line}" for line in trace if self._verbose),
            )


def place_of(error: BaseException) -> str:
    """Return where an error was raised, for bug reports: `file:line in function`."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    last = next(
        (frame for frame in reversed(frames) if f"{os.sep}kled{os.sep}" in frame.filename),
        frames[-1],
    )
    return f"{'/'.join(Path(last.filename).parts[-3:])}:{last.lineno} in {last.name}"
