"""What is told while a call runs, and whom."""

import logging
from typing import TYPE_CHECKING, Final

from kled.errors import KledError

if TYPE_CHECKING:
    from kled.operations.runner import Row
    from kled.operations.step import Step

_LOG: Final = logging.getLogger("kled.api")


class Observer:
    """Watches a call: its steps, and what kops says. Each method does nothing.

    Subclass it and override what is wanted: a later version may add methods. They may be called
    from threads that the call has started; what one raises in the caller's own ends the call.
    """

    def started(self, step: str) -> None:
        """A step's first attempt begins."""

    def retried(self, step: str, error: KledError) -> None:
        """An attempt failed with a retryable error; another one may follow."""

    def ended(self, row: "Row") -> None:
        """A step is over, done or failed."""

    def noted(self, message: str) -> None:
        """Something that a person should know: a warning, or how far a long step is."""

    def said(self, line: str) -> None:
        """Kops wrote a line; it holds no secret that the environment names."""


class Logging(Observer):
    """Logs notes and steps with `kled.api`, and kops' lines for those who debug."""

    def started(self, step: str) -> None:
        """Log it."""
        _LOG.debug("step started", extra={"step": step})

    def retried(self, step: str, error: KledError) -> None:
        """Log it."""
        _LOG.info("step is tried again", extra={"step": step, "error": error.message})

    def ended(self, row: "Row") -> None:
        """Log it."""
        _LOG.info("step ended", extra={"step": row.step, "outcome": row.outcome})

    def noted(self, message: str) -> None:
        """Log it."""
        _LOG.info("%s", message)

    def said(self, line: str) -> None:
        """Log it."""
        _LOG.debug("kops: %s", line)


class ToldSteps:
    """Tells an observer of steps by their names."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def started(self, step: "Step") -> None:
        """Tell that a step begins."""
        self._observer.started(step.name)

    def retried(self, step: "Step", error: KledError) -> None:
        """Tell that an attempt failed."""
        self._observer.retried(step.name, error)

    def ended(self, row: "Row") -> None:
        """Tell that a step is over."""
        self._observer.ended(row)
