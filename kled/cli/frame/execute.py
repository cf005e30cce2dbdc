"""Runs an operation for a command: opens a session, shows the steps, prints the report."""

from kled.cli.frame.command import Call
from kled.cli.terminal import streams
from kled.cli.terminal.output import Column, show, show_value
from kled.cli.terminal.steps import display
from kled.operations import stores
from kled.operations.guards import windows
from kled.operations.runner import Report, run
from kled.operations.step import Operation

STEP_COLUMNS = (
    Column("STEP", "step"),
    Column("OUTCOME", "outcome"),
    Column("SECONDS", "seconds"),
    Column("ATTEMPTS", "attempts"),
    Column("WHAT HAPPENED", "words"),
)


def execute(
    call: Call,
    operation: Operation,
    *,
    then: str = "",
    shown: bool = True,
) -> Report:
    """Run `operation` under its lease, show its steps, and with `shown` print the report.

    `then` is what to type next; it goes to stderr.
    """
    guards = operation.guards
    place = guards.place_of(operation.cluster)
    windows.require_open_for(operation, call.settings, call.overrides, stores.now())
    if call.overrides.no_snapshot and guards.snapshot != "none" and call.settings.snapshot_store:
        call.say("warning: NO SNAPSHOT is taken (--no-snapshot): nothing leads back from this")
    results = shown or len(operation.steps()) > 1  # of a single step the command tells them itself
    with (
        display(streams.err(), verbose=call.verbose, results=results) as display_there,
        call.halfway(operation.name, display_there) as watching,
        call.session(
            place,
            on_line=watching.line,
            on_note=watching.note,
            with_kops=guards.needs_kops,
            asks_again=False,
        ) as session,
    ):
        watching.opened(session)
        report = run(operation, session, watching)
    if shown:
        show_report(call, report)
    elif call.settings.output == "table":
        _say_ways_back(call, report)
    if then:
        call.say(f"next: {then}")
    return report


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
