"""kled's log lines, and those of kops, on their way to Prefect.

Secrets stop here at the latest, and so does what a terminal would obey.
"""

import logging
from typing import Final

from kled.errors import KledError
from kled.operations.runner import Row
from kled.operations.step import Step
from kled.redact import RedactingFilter, Redactor
from kled.visible import VisibleFilter
from tasks.environment import LOGGER

LONGEST: Final = 8_000
"""Characters of one line of kops that are forwarded."""
_FORWARDER: Final = "prefect.extra"
_RUNS: Final = "prefect.flow_runs"
_LOGGERS: Final = (
    "",
    LOGGER,
    "prefect",
    _FORWARDER,
    _RUNS,
    "prefect.task_runs",
)

output = logging.getLogger(f"{LOGGER}.kops.output")
steps = logging.getLogger(f"{LOGGER}.steps")


def install(redactor: Redactor) -> None:
    """Forward the logger `kled` to Prefect, and redact what leaves a handler. Idempotent.

    The filter goes on handlers: those of a parent logger never ask the parent's filters.
    """
    core = logging.getLogger(LOGGER)
    if core.level == logging.NOTSET:
        core.setLevel(logging.INFO)
    for handler in logging.getLogger(_FORWARDER).handlers:
        if handler not in core.handlers:
            core.addHandler(handler)
    for name in _LOGGERS:
        for handler in logging.getLogger(name).handlers:
            _redact(handler, redactor)
            _outlive(handler)


def _outlive(handler: logging.Handler) -> None:
    """Let a run go on where nobody reads its console any more, as after the death of its worker.

    Rich, by which Prefect writes, would end the process at the next line, with kops at work.
    """
    console = getattr(handler, "console", None)
    if console is not None:
        console.on_broken_pipe = lambda: vars(console).update(quiet=True)


def _redact(handler: logging.Handler, redactor: Redactor) -> None:
    ours = (RedactingFilter, Foreseen, VisibleFilter)
    for earlier in [one for one in handler.filters if isinstance(one, ours)]:
        handler.removeFilter(earlier)
    handler.addFilter(Foreseen())  # first: redacting turns an exception into its text
    handler.addFilter(RedactingFilter(redactor))
    handler.addFilter(VisibleFilter())


class Foreseen(logging.Filter):
    """Drops Prefect's traceback of an error that kled foresaw and has told in the step's line.

    Prefect calls every failed run's error unexpected; a real bug is not a `KledError` when it is
    logged, so that its traceback stays.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether `record` is kept."""
        error = record.exc_info[1] if record.exc_info else None
        return not (record.name == _RUNS and isinstance(error, KledError))


def note(words: str) -> None:
    """Log how far a long step is."""
    steps.info("%s", words)


def kops_line(line: str) -> None:
    """Log one line that kops wrote, redacted already by its reader; cut after `LONGEST`.

    Empty lines are left out: each would be an entry of its own.
    """
    if not line.strip():
        return
    cut = line if len(line) <= LONGEST else f"{line[:LONGEST]} ... [{len(line)} characters]"
    output.info("%s", cut)


class Steps:
    """An observer that logs how the steps go, so that the log alone tells the story."""

    def started(self, step: Step) -> None:
        """Name the step."""
        steps.info("%s ...", step.name)

    def retried(self, step: Step, error: KledError) -> None:
        """Say why it is tried again."""
        steps.info("%s: not yet: %s", step.name, error.message)

    def ended(self, row: Row) -> None:
        """Say how it ended and how long it took."""
        level = logging.INFO if row.outcome == "done" else logging.ERROR
        steps.log(level, "%s: %s in %.1f s: %s", row.step, row.outcome, row.seconds, row.words)
