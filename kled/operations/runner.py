"""The plain runner: executes an operation's steps for the CLI and for recovery without Prefect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, cast

from kled.errors import KledError
from kled.models.cluster_event import ClusterEvent
from kled.operations.session import Session
from kled.operations.step import Operation, Step, attempt
from kled.retry import call

if TYPE_CHECKING:
    from typing_extensions import TypeVar as Defaulting

    T = Defaulting("T", default=Any)
else:
    T = TypeVar("T")
R = TypeVar("R")

StepOutcome = Literal["done", "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one step."""

    step: str
    outcome: StepOutcome
    seconds: float
    attempts: int
    words: str
    way_back: str = ""
    """How to take back what the step has changed; empty where it has changed nothing."""
    event: ClusterEvent | None = None
    """What the step means to others where it is done."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json` and artifacts."""
        return {
            "step": self.step,
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "attempts": self.attempts,
            "words": self.words,
            "way_back": self.way_back,
        }


def with_ended(rows: Sequence[Row], steps: Sequence[Step]) -> tuple[Row, ...]:
    """Return the rows; a way back that a later step has made useless (`Step.ends`) is left out."""
    done = {row.step for row in rows if row.outcome == "done"}
    over = {name for step in steps if step.name in done for name in step.ends}
    return tuple(replace(row, way_back="") if row.step in over else row for row in rows)


@dataclass(frozen=True, slots=True)
class Report(Generic[T]):
    """What an operation did, step by step."""

    operation: str
    cluster: str
    rows: tuple[Row, ...]
    """The steps that are done."""
    result: T = None  # type: ignore[assignment]  # of a block of tasks, which returns theirs
    """What it found out or did, as a value; of an operation that makes none the words of its last
    step."""
    error: KledError | None = None
    """What ended it early; None: all of it is done."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json` and artifacts."""
        return {
            "operation": self.operation,
            "cluster": self.cluster,
            "steps": [row.as_json() for row in self.rows],
        }

    def require(self: "Report[R | None]") -> "Report[R]":
        """Return the report of an operation that is done; raise what ended it early."""
        if self.error is not None:
            raise self.error
        return cast("Report[R]", self)


class StepObserver(Protocol):
    """Watches a run; the live display and the log are observers."""

    def started(self, step: Step) -> None:
        """A step's first attempt begins."""

    def retried(self, step: Step, error: KledError) -> None:
        """An attempt failed with a retryable error; another one may follow."""

    def ended(self, row: Row) -> None:
        """A step is over."""


class Silent:
    """An observer that shows nothing."""

    def started(self, step: Step) -> None:
        """Show nothing."""

    def retried(self, step: Step, error: KledError) -> None:
        """Show nothing."""

    def ended(self, row: Row) -> None:
        """Show nothing."""


def run(
    operation: Operation[R], session: Session, observer: StepObserver | None = None
) -> Report[R]:
    """Execute every step in order under its retry policy and return the report.

    Raises the error of the step that failed for good; the observer has seen every row by then.
    Run again after a failure or a kill, it does only what is left (see `attempt`).
    """
    return run_to_end(operation, session, observer).require()


def run_to_end(
    operation: Operation[R], session: Session, observer: StepObserver | None = None
) -> Report[R | None]:
    """Do as `run` does, and return the report also where a step failed for good: with its error.

    Its result is then what was found out or done so far, and None where nothing was.
    """
    rows: list[Row] = []
    steps: Sequence[Step[Any]] = ()
    error: KledError | None = None
    try:
        steps = _steps_of(operation, session)
        for step in steps:
            rows.append(_execute(step, session, observer or Silent()))  # noqa: PERF401 - one by one
    except KledError as failed:
        error = failed
    result = _result_of(steps, rows, error)
    return Report(operation.name, operation.cluster, with_ended(rows, steps), result, error)


def _result_of(steps: Sequence[Step[Any]], rows: Sequence[Row], error: KledError | None) -> Any:  # noqa: ANN401 - what the operation makes
    """Return what the last step that makes a value has made; else the words of an end."""
    making = [step for step in steps if step.result is not None]
    if making:
        return making[-1].known()
    return rows[-1].words if rows and error is None else None


def _steps_of(operation: Operation, session: Session) -> Sequence[Step]:
    """Return the operation's steps; where it writes to a cluster's place, with what protects that.

    What protects a cluster is a third of all that kled imports: backups and checks need none of it.
    """
    if operation.guards.place_of(operation.cluster) is None:
        return operation.steps()
    from kled.operations.guards.before_change import steps_of  # noqa: PLC0415 - not for reads

    return steps_of(operation, session)


def _execute(step: Step, session: Session, observer: StepObserver) -> Row:
    observer.started(step)
    begun, attempts, acted = session.clock.monotonic(), 0, False

    def acts() -> None:
        nonlocal acted
        acted = True

    def once() -> str:
        nonlocal attempts
        attempts += 1
        try:
            return attempt(step, session, acts)
        except KledError as error:
            if error.retryable:
                observer.retried(step, error)
            raise

    def ended(outcome: StepOutcome, message: str) -> Row:
        seconds = session.clock.monotonic() - begun
        way_back = step.told_back if acted and step.takes_back else ""
        row = Row(step.name, outcome, seconds, attempts, message, way_back, step.event)
        observer.ended(row)
        return row

    try:
        message = call(once, step.policy, session.clock)
    except KledError as error:
        ended("failed", error.message)
        raise
    return ended("done", message)
