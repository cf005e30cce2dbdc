"""Remembers what became of the steps of a run, and passes it on to those who look on."""

from typing import Final

from kled.errors import KledError
from kled.operations.runner import Report, Row, StepObserver
from kled.operations.step import Step, UseCase

AGAIN: Final = "run it again: it does only what is left"


class Watchers:
    """An observer of all steps of one run, for a number of others."""

    def __init__(self, use_case: UseCase, *observers: StepObserver) -> None:
        self.rows: list[Row] = []
        self._use_case = use_case
        self._at: Step | None = None
        self._observers = observers

    def report(self) -> Report:
        """Return what was done so far."""
        return Report(self._use_case.name, self._use_case.cluster, tuple(self.rows))

    def interrupted(self) -> KledError:
        """Return what to tell of a run that somebody stopped."""
        during = f" during: {self._at.name}" if self._at else ""
        unsure = f"; {self._at.unsure}" if self._at and self._at.unsure else ""
        return KledError(
            f"the run was stopped from outside{during}",
            hint=f"what kops had begun stays as it is{unsure}; {AGAIN}",
        )

    def started(self, step: Step) -> None:
        """Remember and pass on."""
        self._at = step
        for observer in self._observers:
            observer.started(step)

    def retried(self, step: Step, error: KledError) -> None:
        """Pass on."""
        for observer in self._observers:
            observer.retried(step, error)

    def ended(self, row: Row) -> None:
        """Remember and pass on."""
        self.rows.append(row)
        self._at = None
        for observer in self._observers:
            observer.ended(row)
