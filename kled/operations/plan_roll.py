"""Which machines a roll would replace, as a plan with a digest: before anybody is asked."""

from dataclasses import dataclass, field, replace

from kled.errors import NotApproved
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll, RollingPlan
from kled.operations import identity, interrupted_scaling
from kled.operations.group_roles import with_roles
from kled.operations.guards import READS
from kled.operations.names import instance_group_meant
from kled.operations.roll_canary import canary_meant
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ

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
    """Raise `NotApproved` where something is left to roll and it is not what was approved."""
    now = as_plan(rolling, roll)
    if not now.is_empty and not now.digest.startswith(approved):
        what = ", ".join(f"{one.fields['replaced']} of {one.name}" for one in now.changes)
        raise NotApproved(
            f"the roll is {now.digest[:12]} now, not {approved[:12]}: it replaces {what}",
            hint="look at it and approve that one; nothing was changed",
        )


@dataclass(frozen=True, slots=True)
class PlanRoll:
    """Plan as one step; what was found is in `found` when it has ended."""

    cluster: str
    roll: Roll
    canary: str | None = None
    """A group, also the start of its name, or a machine."""
    found: list[Plan] = field(default_factory=list)
    meant: list[tuple[Roll, str | None]] = field(default_factory=list)
    """The roll and the canary with whole names."""

    name = "plan roll"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads. Raises as `PlanUpdate` does."""

        def act(session: Session) -> str:
            interrupted_scaling.require_none(session, self.cluster)
            identity.check(session, self.cluster)
            roll, first = self._named(session)
            rolling = session.kops.rolling_update_preview(self.cluster, roll)
            self.found[:] = [with_roles(session, as_plan(rolling, roll))]
            self.meant[:] = [(roll, first)]
            return f"{self.found[0].digest[:12]}: {self.found[0].summary}"

        return (Step("plan", act, READ),)

    def _named(self, session: Session) -> tuple[Roll, str | None]:
        typed = self.roll.instance_groups
        groups = tuple(instance_group_meant(session, self.cluster, one) for one in typed)
        first = canary_meant(session, self.cluster, self.canary, groups)
        return replace(self.roll, instance_groups=groups), first
