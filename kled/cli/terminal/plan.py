"""Shows a plan; a module apart, so that showing one does not import what creates clusters."""

from kled.cli.frame.command import Call
from kled.cli.terminal import streams
from kled.cli.terminal.output import Column, show, show_value, table
from kled.models.blast_radius import BlastRadius
from kled.models.plan import Plan
from kled.models.plan_values import Redact, shown
from kled.operations.guards.neighbours import words_of
from kled.redact import Redactor, secret_values

CHANGE_COLUMNS = (
    Column("ACTION", "action"),
    Column("RESOURCE", "kind"),
    Column("NAME", "name"),
)
_INDENT = " " * 8
_RADIUS_COLUMNS = (Column("IT TOUCHES", "about"), Column("WHAT", "words"))


def show_plan(call: Call, plan: Plan, radius: BlastRadius | None = None) -> None:
    """Write a plan and its blast radius to stdout, and its totals for people to stderr.

    Afterwards raises the refusal that applying it would meet, so that a preview ends like the
    change itself.
    """
    show_whole(call, plan, radius)
    if plan.refusal is not None:
        raise plan.refusal


def show_whole(call: Call, plan: Plan, radius: BlastRadius | None = None) -> None:
    """Write a plan as `show_plan` does, without raising its refusal."""
    if call.settings.output != "table":
        more = {} if radius is None else {"radius": radius.as_json()}
        show_value(plan.as_json() | more, call.settings.output)
        return
    _show_changes(plan, Redactor(secret_values(call.settings.environment)).text)
    if radius is not None:
        show_radius(radius)
    call.say(plan.summary)


def _show_changes(plan: Plan, redact: Redact) -> None:
    """Write a row for each change, and below it a line for each changed value."""
    rows = [{**change.as_json(), "note": words_of(change).strip()} for change in plan.changes]
    noted = any(row["note"] for row in rows)
    heading, *lines = table(rows, (*CHANGE_COLUMNS, *((Column("NOTE", "note"),) if noted else ())))
    out = streams.out()
    out.say(heading)
    for line, values in zip(lines, shown(plan, redact), strict=True):
        out.say(line, *(f"{_INDENT}{value}" for value in values.lines))


def show_radius(radius: BlastRadius) -> None:
    """Write the blast radius of a plan to stdout, below an empty line."""
    streams.out().say("")
    rows = [{"about": about, "words": effect} for about, effect in radius.rows()]
    show(rows, _RADIUS_COLUMNS, "table")
