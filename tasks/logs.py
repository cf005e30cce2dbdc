"""kled's log lines, and those of kops, on their way to Prefect; secrets stop here at the latest."""

import logging
from typing import Final

from kled.redact import RedactingFilter, Redactor
from tasks.environment import LOGGER

LONGEST: Final = 8_000
"""Characters of one line of kops that are forwarded."""
_FORWARDER: Final = "prefect.extra"
_LOGGERS: Final = (
    "",
    LOGGER,
    "prefect",
    _FORWARDER,
    "prefect.flow_runs",
    "prefect.task_runs",
)

output = logging.getLogger(f"{LOGGER}.kops.output")


def install(redactor: Redactor) -> None:
    """Forward the logger `kled` to Prefect, and redact whatever leaves a handler. Idempotent.

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


def _redact(handler: logging.Handler, redactor: Redactor) -> None:
    for earlier in [one for one in handler.filters if isinstance(one, RedactingFilter)]:
        handler.removeFilter(earlier)
    handler.addFilter(RedactingFilter(redactor))


def kops_line(line: str) -> None:
    """Log one line that kops wrote, redacted already by its reader; cut after `LONGEST`."""
    cut = line if len(line) <= LONGEST else f"{line[:LONGEST]} ... [{len(line)} characters]"
    output.info("%s", cut)
