"""What Python itself prints, past every handler: errors that nobody catches, and warnings.

The error of a thread, of a finalizer or of a whole process goes to stderr with its traceback, and
the warnings of libraries do: none of it passes a place that takes secrets out. Here each becomes
a log record, for the handlers that redact.
"""

import logging
import sys
import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from types import TracebackType

logger: Final = logging.getLogger("kled.strays")


def log_strays() -> None:
    """Log what Python would print. Idempotent; a hook that somebody else has set stays."""
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _of_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _of_finalizer
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _of_process
    if warnings.showwarning.__module__ == warnings.__name__:
        warnings.showwarning = _of_library


def _of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_type is not SystemExit and told.exc_value is not None:
        name = told.thread.name if told.thread else "a thread"
        _log(f"an error ended {name}", told.exc_value)


def _of_finalizer(told: "sys.UnraisableHookArgs") -> None:
    message = told.err_msg or "Exception ignored in"
    _log(f"{message}: {_shown(told.object)}", told.exc_value or told.exc_type())


def _of_process(
    kind: type[BaseException], error: BaseException, trace: "TracebackType | None"
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)  # by which Python knows how to end
    else:
        _log("an error ended the process", error)


def _of_library(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    text = warnings.formatwarning(message, category, filename, lineno, line)
    if file is not None:
        file.write(text)
        return
    with suppress(Exception):
        logger.warning("%s: %s", category.__name__, message)


def _log(message: str, error: BaseException) -> None:
    """Log it; what fails here Python would print with all that it was about."""
    with suppress(Exception):
        logger.error("%s", message, exc_info=error)


def _shown(value: object) -> str:
    return getattr(value, "__qualname__", None) or type(value).__qualname__
