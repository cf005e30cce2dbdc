"""How a plan is shown: kept apart, so that showing one does not import what creates clusters."""

from kled.cli import terminal
from kled.cli.leaf import Call
from kled.cli.output import Column, show, show_value
from kled.models.blast_radius import BlastRadius
from kled.models.plan import Plan
from kled.operations.neighbours import words_of

CHANGE_COLUMNS = (
    Column("ACTION", "action"),
    Column("RESOURCE", "kind"),
    Column("NAME", "name"),
)
_RADIUS_COLUMNS = (Column("IT TOUCHES", "about"), Column("WHAT", "words"))


def show_plan(call: Call, plan: Plan, radius: BlastRadius | None = None) -> None:
    """Write a plan to stdout, with whom it touches; its totals, for people, to stderr."""
    if call.settings.output != "table":
        more = {} if radius is None else {"radius": radius.as_json()}
        show_value(plan.as_json() | more, call.settings.output)
        return
    rows = [{**one.as_json(), "note": words_of(one).strip()} for one in plan.changes]
    noted = any(row["note"] for row in rows)
    show(rows, (*CHANGE_COLUMNS, *((Column("NOTE", "note"),) if noted else ())), "table")
    if radius is not None:
        show_radius(radius)
    call.say(plan.summary)
    if plan.refused:
        call.say(f"REFUSED: {plan.refused}")


def show_radius(radius: BlastRadius) -> None:
    """Write whom a plan touches to stdout, below a line that is empty."""
    terminal.out().say("")
    rows = [{"about": about, "words": words} for about, words in radius.rows()]
    show(rows, _RADIUS_COLUMNS, "table")
