"""Runs an operation for a command: opens a session, shows the steps, prints the report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from kled.cli.frame.command import Call
from kled.cli.frame.interruption import Interruptible
from kled.cli.terminal import streams
from kled.cli.terminal.output import Column, show, show_value
from kled.cli.terminal.steps import display
from kled.errors import KledError
from kled.operations import stores
from kled.operations.guards import windows
from kled.operations.runner import Report, run_to_end
from kled.operations.session import Session
from kled.operations.step import Operation

T = TypeVar("T")

STEP_COLUMNS = (
    Column("STEP", "step"),
    Column("OUTCOME", "outcome"),
    Column("SECONDS", "seconds"),
    Column("ATTEMPTS", "attempts"),
    Column("WHAT HAPPENED", "words"),
)


def execute(
    call: Call,
    operation: Operation[T],
    *,
    then: str | Callable[[T], str] = "",
    shown: bool = True,
) -> Report[T]:
    """Run `operation` under its lease, show its steps, and with `shown` print the report.

    `then` is what to type next, or says so of the result; it goes to stderr. Raises the error of
    the step that failed.
    """
    report = execute_to_end(call, operation, shown=shown).require()
    if shown:
        show_report(call, report)
    if following := then if isinstance(then, str) else then(report.result):
        call.say(f"next: {following}")
    return report


def execute_to_end(call: Call, operation: Operation[T], *, shown: bool = False) -> Report[T | None]:
    """Run `operation` under its lease and show its steps; return its report, also of a failure.

    `shown` says that the caller prints the report, of which the ways back are a part.
    """
    report: Report[T | None] = Report(operation.name, operation.cluster, ())
    try:
        windows.require_open_for(operation, call.settings, call.overrides, stores.now())
        _warn_of_no_snapshot(call, operation)
        with _watched(call, operation, shown=shown) as (session, watching):
            report = run_to_end(operation, session, watching)
            report.require()
    except KledError as error:
        return replace(report, error=error)
    if not shown and call.settings.output == "table":
        _say_ways_back(call, report)
    return report


def _warn_of_no_snapshot(call: Call, operation: Operation) -> None:
    kept = operation.guards.snapshot != "none" and call.settings.snapshot_store
    if call.overrides.no_snapshot and kept:
        call.say("warning: NO SNAPSHOT is taken (--no-snapshot): nothing leads back from this")


@contextmanager
def _watched(
    call: Call, operation: Operation, *, shown: bool
) -> Iterator[tuple[Session, Interruptible]]:
    """Yield the session of an operation, and what shows its steps."""
    guards = operation.guards
    results = shown or len(operation.steps()) > 1  # of a single step the command tells them itself
    with (
        display(streams.err(), verbose=call.verbose, results=results) as display_there,
        call.halfway(operation.name, display_there) as watching,
        call.session(
            guards.place_of(operation.cluster),
            on_line=watching.line,
            on_note=watching.note,
            with_kops=guards.needs_kops,
            asks_again=False,
        ) as session,
    ):
        watching.opened(session)
        yield session, watching


def show_report(call: Call, report: Report) -> None:
    """Write the report to stdout: the table of steps, or the whole as JSON or YAML."""
    if call.settings.output == "table":
        if not streams.is_one_place():  # what the display has said there is not said twice
            show([row.as_json() for row in report.rows], STEP_COLUMNS, "table")
        _say_ways_back(call, report)
    else:
        show_value(report.as_json(), call.settings.output)


def _say_ways_back(call: Call, report: Report) -> None:
    for row in report.rows:
        if row.way_back:
            call.say(f"way back from {row.step}: {row.way_back}")
