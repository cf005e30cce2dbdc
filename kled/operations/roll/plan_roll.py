"""The machines that a roll would replace, as a plan with a digest."""

from kled.errors import NotApproved
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll, RollingPlan

MACHINES = "Machines"
"""The kind of a change that replaces the machines of one instance group."""


def as_plan(rolling: RollingPlan, roll: Roll) -> Plan:
    """Return one change for each group whose machines would be replaced."""
    counts = {
        row.instance_group: row.need_update + (row.ready if roll.force else 0)
        for row in rolling.rows
    }
    return Plan(
        rolling.cluster,
        tuple(
            Change("modify", MACHINES, group, {"replaced": str(number)})
            for group, number in counts.items()
            if number
        ),
    )


def require(rolling: RollingPlan, roll: Roll, approved: str) -> None:
    """Raise `NotApproved` where something is left to roll and differs from what was approved."""
    now = as_plan(rolling, roll)
    if not now.is_empty and not now.digest.startswith(approved):
        what = ", ".join(f"{change.fields['replaced']} of {change.name}" for change in now.changes)
        raise NotApproved(
            f"the roll is {now.digest[:12]} now, not {approved[:12]}: it replaces {what}",
            hint="look at it and approve that one; nothing was changed",
        )
