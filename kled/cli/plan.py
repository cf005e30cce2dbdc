"""How a plan is shown: kept apart, so that showing one does not import what creates clusters."""

from kled.cli.leaf import Call
from kled.cli.output import Column, show_value
from kled.models.plan import Plan

CHANGE_COLUMNS = (
    Column("ACTION", "action"),
    Column("RESOURCE", "kind"),
    Column("NAME", "name"),
)


def show_plan(call: Call, plan: Plan) -> None:
    """Write a plan to stdout; its totals, for people, to stderr."""
    if call.settings.output == "table":
        call.show(plan.changes, CHANGE_COLUMNS)
        call.say(plan.summary)
    else:
        show_value(plan.as_json(), call.settings.output)
