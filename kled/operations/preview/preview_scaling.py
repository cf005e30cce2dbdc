"""The bounds that a group would get, and why they would be refused."""

from dataclasses import dataclass, field

from kled.models.plan import Plan
from kled.operations.guards.guards import READS
from kled.operations.identity import kept_keys
from kled.operations.instance_group.plan_scaling import plan_scaling
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.names import instance_group_meant
from kled.operations.preview import foreseen
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ


@dataclass(frozen=True, slots=True)
class PlanScaling:
    """Plan in one step; `plans` holds the plan afterwards."""

    cluster: str
    instance_group: str
    minimum: int | None = None
    maximum: int | None = None
    approved: str | None = None
    """The digest of the plan that somebody agreed to, where somebody did."""
    plans: list[Plan] = field(default_factory=list)
    meant: list[str] = field(default_factory=list)
    """The group's whole name."""

    name = "plan scaling"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads.

        Raises the refusal that the scaling would meet, so that nobody is asked to agree to that.
        """

        def act(session: Session) -> str:
            kept_keys.check(session, self.cluster)
            group = instance_group_meant(session, self.cluster, self.instance_group)
            bounds = group, self.minimum, self.maximum
            plan = plan_scaling(session, self.cluster, *bounds)
            wish = ScaleInstanceGroup(self.cluster, *bounds, approved=self.approved or plan.digest)
            error = foreseen.refusal(session, wish, now=False)
            if error is not None:
                raise error
            self.plans[:] = [plan]
            self.meant[:] = [group]
            return f"{plan.digest[:12]}: {plan.summary}"

        return (Step("plan", act, READ),)
