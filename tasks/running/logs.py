"""kled's log lines, and those of kops, on their way to Prefect.

Secrets stop here at the latest, and so does what a terminal would obey.
"""

import logging
import re
from typing import Final

from kled.errors import KledError
from kled.kops.failures.warnings import SHOWN, warned_of
from kled.operations.runner import Row
from kled.operations.step import Step
from kled.redact import RedactingFilter, Redactor, log_strays
from kled.sentences import number
from kled.visible import VisibleFilter
from tasks.running.environment import LOGGER

LONGEST: Final = 8_000
"""Characters of one line of kops that are forwarded."""
_FORWARDER: Final = "prefect.extra"
_RUNS: Final = "prefect.flow_runs"
_ATTEMPTS: Final = "prefect.task_runs"
_FINISHED: Final = "Finished in state "
_RETRY: Final = re.compile(r"Task run failed with .* - (Retry \d+/\d+ will start .*)", re.DOTALL)
_LOGGERS: Final = (
    "",
    LOGGER,
    "prefect",
    _FORWARDER,
    _RUNS,
    _ATTEMPTS,
)

output = logging.getLogger(f"{LOGGER}.kops.output")
steps = logging.getLogger(f"{LOGGER}.steps")

_told: set[str] = set()
"""Names of the steps and waits that this process has told of. Filters of log records, which
Prefect calls, look at it; it only grows, by as many names as there are steps."""


def install(redactor: Redactor, *, displayed: bool = False) -> None:
    """Forward the logger `kled` to Prefect, redact what leaves a handler, log strays. Idempotent.

    Where steps and kops' lines are `displayed` already, a console does not say them again. The
    filter goes on handlers: those of a parent logger never ask the parent's filters.
    """
    core = logging.getLogger(LOGGER)
    if core.level == logging.NOTSET:
        core.setLevel(logging.INFO)
    for handler in logging.getLogger(_FORWARDER).handlers:
        if handler not in core.handlers:
            core.addHandler(handler)
    for name in _LOGGERS:
        for handler in logging.getLogger(name).handlers:
            on_console = getattr(handler, "console", None) is not None
            _redact(handler, redactor, displayed=displayed and on_console)
            _outlive(handler)
    log_strays()


def _outlive(handler: logging.Handler) -> None:
    """Let a run go on where nobody reads its console any more, as after the death of its worker.

    Rich, by which Prefect writes, would end the process at the next line, with kops at work.
    """
    console = getattr(handler, "console", None)
    if console is not None:
        console.on_broken_pipe = lambda: vars(console).update(quiet=True)


def _redact(handler: logging.Handler, redactor: Redactor, *, displayed: bool) -> None:
    ours = (RedactingFilter, Foreseen, VisibleFilter)
    for earlier in [filter_ for filter_ in handler.filters if isinstance(filter_, ours)]:
        handler.removeFilter(earlier)
    handler.addFilter(
        Foreseen(displayed=displayed)
    )  # first: redacting turns an exception into its text
    handler.addFilter(RedactingFilter(redactor))
    handler.addFilter(VisibleFilter())


def leave_out(task: str) -> None:
    """Leave out what Prefect says of that task, as of a step: its error is told elsewhere."""
    _told.add(task)


def note(message: str) -> None:
    """Log what a person should know outside of a session."""
    steps.info("%s", message)


class Foreseen(logging.Filter):
    """Leaves out of Prefect's lines what kled's own have said, or will say.

    Prefect calls every failed run's error unexpected, with a traceback; a real bug is not a
    `KledError` when it is logged, so that its traceback stays. How a step ended says the line of
    that step; lines about other people's tasks stay as they are.
    """

    def __init__(self, *, displayed: bool = False) -> None:
        super().__init__()
        self._said = {output.name, steps.name} if displayed else frozenset[str]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether `record` is kept; a retry's says when it comes, without the error."""
        if record.name in self._said:
            return False
        if record.name == _RUNS:
            return not _is_foreseen(record)
        if record.name != _ATTEMPTS or getattr(record, "task_name", None) not in _told:
            return True
        message = record.getMessage()
        if retry := _RETRY.fullmatch(message):
            record.msg, record.args = retry[1], None
            return True
        return not (message.startswith(_FINISHED) or _is_foreseen(record))


def _is_foreseen(record: logging.LogRecord) -> bool:
    return isinstance(record.exc_info[1] if record.exc_info else None, KledError)


class LoggedLines:
    """What one session says beside its steps: kops' lines, and how far a long step is.

    Each line of kops is an entry as grave as klog marks it. What it warns of is a warning once:
    again it is one line among others, and a note that repeats it is left out.
    """

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def kops(self, line: str) -> None:
        """Log one line that kops wrote, redacted already by its reader; cut after `LONGEST`.

        Empty lines are left out: each would be an entry of its own.
        """
        if not line.strip():
            return
        many = number(len(line), "character")
        cut = line if len(line) <= LONGEST else f"{line[:LONGEST]} ... [{many}]"
        output.log(self._level(line), "%s", cut)

    def note(self, message: str) -> None:
        """Log how far a long step is, or what a person should know."""
        if not any(message.endswith(warned) for warned in self._warned):
            steps.info("%s", message)

    def _level(self, line: str) -> int:
        warned = warned_of(line)
        if warned is None:
            return logging.INFO
        severity, warning = warned[0], warned[1][:SHOWN]
        if warning in self._warned:
            return logging.INFO
        self._warned.add(warning)
        return logging.WARNING if severity == "W" else logging.ERROR


class LoggedSteps:
    """An observer that logs how the steps go, so that the log alone tells the story."""

    def __init__(self) -> None:
        self._reason = ""

    def started(self, step: Step) -> None:
        """Name the step."""
        self._reason = ""
        leave_out(step.name)
        steps.info("%s ...", step.name)

    def retried(self, step: Step, error: KledError) -> None:
        """Say why it is tried again, each reason once."""
        if error.message != self._reason:
            self._reason = error.message
            steps.info("%s: not yet: %s", step.name, error.message)

    def ended(self, row: Row) -> None:
        """Say how it ended and how long it took; why it failed, the end of the run says."""
        done = row.outcome == "done"
        told = f": {row.words}" if done else ""
        level = logging.INFO if done else logging.ERROR
        steps.log(level, "%s: %s in %.1f s%s", row.step, row.outcome, row.seconds, told)
