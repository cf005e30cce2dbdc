"""The bounds that a group would get, and why they would be refused."""

from dataclasses import dataclass

from kled.models.plan import Plan
from kled.operations.guards.guards import READS
from kled.operations.identity import identity_check
from kled.operations.instance_group.plan_scaling import plan_scaling
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.names import instance_group_meant
from kled.operations.preview import foreseen
from kled.operations.session import Session
from kled.operations.step import Step, planning_step


@dataclass(frozen=True, slots=True)
class PlanScaling:
    """Plan in one step, whose result is the plan and the group's whole name."""

    cluster: str
    instance_group: str
    minimum: int | None = None
    maximum: int | None = None
    approved: str | None = None
    """The digest of the plan that somebody agreed to, where somebody did."""

    name = "plan scaling"
    guards = READS

    def steps(self) -> tuple[Step[tuple[Plan, str]]]:
        """Return the one step. Safe to repeat: it only reads.

        Raises the refusal that the scaling would meet, so that nobody is asked to agree to that.
        """

        def plan(session: Session) -> tuple[tuple[Plan, str], str]:
            identity_check.check(session, self.cluster)
            group = instance_group_meant(session, self.cluster, self.instance_group)
            bounds = group, self.minimum, self.maximum
            made = plan_scaling(session, self.cluster, *bounds)
            wish = ScaleInstanceGroup(self.cluster, *bounds, approved=self.approved or made.digest)
            error = foreseen.refusal(session, wish, now=False)
            if error is not None:
                raise error
            return (made, group), f"{made.digest[:12]}: {made.summary}"

        return (planning_step("plan", plan),)
