"""Runs an operation's steps for a flow, one Prefect task per step, in the flow's own thread.

Never `.submit()`: a step in a worker thread would outlive a cancelled run with its kops
(facts: only the main thread gets Prefect's termination signal).
"""

import logging
from collections.abc import Sequence
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from kled.errors import KledError
from kled.models.agreement import Agreement
from kled.operations.guard import steps_of
from kled.operations.overrides import NOTHING, Overrides
from kled.operations.runner import Observer, Report, Row, with_ended
from kled.operations.session import Session
from kled.operations.step import Operation, Step
from tasks.running import (
    edge,
    events,
    leases,
    logs,
    notifications,
    progress,
    reports,
    resources,
    summary,
    windows,
)
from tasks.running.policies import Attempts, options

logger = logging.getLogger("kled.flows")

AGAIN: Final = "run it again: it does only what is left"
Outcome = edge.Outcome
reported = edge.reported


@task(persist_result=False, cache_policy=NO_CACHE)
def perform(attempts: Attempts) -> str:
    """Make one attempt at a step. Safe to repeat, as every step is; runs under its policy."""
    outcome = _attempted(attempts)
    if isinstance(outcome, KledError):
        raise outcome
    return outcome


def _attempted(attempts: Attempts) -> str | KledError:
    """Return what happened, or the error without what hangs on it.

    Raised from here it would have what was being handled hang on it again.
    """
    try:
        return attempts.make()
    except BaseException as error:
        if edge.is_control(error):
            raise
        return edge.cleaned(edge.told(error, attempts.step.name))


def carry_out(operation: Operation, overrides: Overrides = NOTHING) -> Report:
    """Run an operation that a flow begins with, such as planning; raises `KledError`.

    It publishes no summary: `reported` and `run` do.
    """
    with (
        progress.bars(operation) as bars,
        resources.session(operation, overrides, bars.tell, waiting=leases.wait) as session,
    ):
        return _execute(operation, session, _watching(operation, bars))


def run(
    operation: Operation,
    *,
    then: Sequence[str] = (),
    overrides: Overrides = NOTHING,
    agreement: Agreement | None = None,
    tells: bool = True,
) -> Outcome:
    """Run `operation` and publish its summary; `then` lists what to type next.

    `agreement` says why its plan may be applied; the summary and the report say it, too. Not
    `tells`, people are told of a failure by whoever calls.

    Raises no `Exception`: it comes back in a failed state whose message has the hint too. However
    this is left (cancellation included), kops is stopped and the lease released by the session.
    """
    bars = progress.bars(operation)
    watch = _watching(operation, bars)
    place = operation.guards.place_of(operation.cluster)
    try:
        if operation.guards.windows and place is not None and not overrides.no_window:
            windows.wait_or_refuse(place.cluster)
        with (
            bars,
            resources.session(operation, overrides, bars.tell, waiting=leases.wait) as session,
        ):
            report = _execute(operation, session, watch)
    except BaseException as error:
        if edge.is_control(error):  # cancelled: kops is stopped and the lease released by now
            _publish(watch.report(operation), agreement, error=watch.interrupted())
            raise
        told = edge.told(error, operation.name)
        _publish(watch.report(operation), agreement, error=told)
        return edge.failed(told, tells=tells)
    _publish(report, agreement, then=then)
    if place is not None:
        words = "; ".join(f"{row.step}: {row.words}" for row in report.rows)
        notifications.notify("completion", f"{operation.cluster}: {operation.name} is done", words)
    return reports.document(report, agreement, then=then)


def _publish(
    report: Report,
    agreement: Agreement | None,
    *,
    then: Sequence[str] = (),
    error: KledError | None = None,
) -> None:
    """Publish the summary; a server that does not take it changes nothing of how the run ends."""
    try:
        summary.publish(report, agreement, then=then, error=error)
        reports.publish(reports.document(report, agreement, then=then, error=error))
    except Exception as problem:  # noqa: BLE001 - whatever the server or the settings do
        logger.warning("the summary could not be stored: %s", type(problem).__name__)


def _watching(operation: Operation, bars: progress.Bars) -> "_Watch":
    return _Watch(resources.watching(), events.Announcer(operation), logs.Steps(), bars)


def _execute(operation: Operation, session: Session, observer: Observer) -> Report:
    steps = steps_of(operation, session)
    rows = [_perform(step, session, observer) for step in steps]
    return Report(operation.name, operation.cluster, with_ended(rows, steps))


def _perform(step: Step, session: Session, observer: Observer) -> Row:
    observer.started(step)
    attempts = Attempts(step, session, observer)
    try:
        words = perform.with_options(**options(step))(attempts)
    except KledError as error:
        observer.ended(attempts.row("failed", error.message))
        raise
    row = attempts.row("done", words)
    observer.ended(row)
    return row


class _Watch:
    """Remembers the rows of a run and passes everything on to those who look on."""

    def __init__(self, *observers: Observer) -> None:
        self.rows: list[Row] = []
        self._at: Step | None = None
        self._observers = observers

    def report(self, operation: Operation) -> Report:
        """Return what was done so far."""
        return Report(operation.name, operation.cluster, tuple(self.rows))

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
        for one in self._observers:
            one.started(step)

    def retried(self, step: Step, error: KledError) -> None:
        """Pass on."""
        for one in self._observers:
            one.retried(step, error)

    def ended(self, row: Row) -> None:
        """Remember and pass on."""
        self.rows.append(row)
        self._at = None
        for one in self._observers:
            one.ended(row)
