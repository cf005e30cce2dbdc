"""What an update would do, and whom it would touch: before anybody is asked, without the lease."""

from dataclasses import dataclass, field, replace

from kled.errors import KledError, NotApproved
from kled.models.blast_radius import BlastRadius
from kled.models.plan import Plan
from kled.operations import apply_changes, elsewhere, identity, interrupted_scaling
from kled.operations.blast_radius import of_plan
from kled.operations.group_roles import with_roles
from kled.operations.guards import READS
from kled.operations.session import Session
from kled.operations.sight import SessionSight
from kled.operations.step import Step
from kled.retry import READ
from kled.sentences import number


def planned(session: Session, cluster: str) -> tuple[Plan, BlastRadius]:
    """Return the plan of `kops update cluster` and its radius; reads only. As `previewed`."""
    plan = previewed(session, cluster)
    return plan, touched(session, plan)


def previewed(session: Session, cluster: str) -> Plan:
    """Return the plan of `kops update cluster`, with why it would be refused; reads only.

    Raises `IdentityAtRisk`, as the update does, for what kops could not preview.
    """
    identity.require_previewable(session, cluster)
    return judged(session, session.kops.update_preview(cluster))


def planned_reconciling(session: Session, cluster: str) -> tuple[Plan, BlastRadius]:
    """Return the plan of `kops reconcile cluster` and its radius, as `planned` does."""
    identity.require_previewable(session, cluster)
    plan = judged(session, session.kops.reconcile_preview(cluster))
    return plan, touched(session, plan)


def judged(session: Session, plan: Plan) -> Plan:
    """Return the plan with the reason why it would be refused; only reads.

    A guard that cannot be asked now says so when the plan is applied.
    """
    away = elsewhere.words(session, plan.cluster)
    if away:
        return replace(plan, refused=away)
    try:
        interrupted_scaling.require_none(session, plan.cluster)
        apply_changes.clear(session, plan)
    except NotApproved as error:
        return replace(plan, refused=f"{error.message} ({error.hint})")
    except KledError as error:
        session.note(f"whether the plan may be applied is not known: {error.message}")
    return plan


def identified(session: Session, plan: Plan) -> Plan:
    """Return the plan, refused where the cluster has lost its keys; only reads.

    For what changes no cloud resource by itself, and goes on with the cluster all the same.
    """
    words = elsewhere.words(session, plan.cluster) or identity.words(session, plan.cluster)
    return replace(plan, refused=words) if words else plan


def touched(session: Session, plan: Plan) -> BlastRadius:
    """Return the radius of an update's plan, looking with the session's hands."""
    return of_plan(session, plan, SessionSight(session, plan.cluster))


@dataclass(frozen=True, slots=True)
class PlanUpdate:
    """Plan as one step; what was found is in `found` when it has ended."""

    cluster: str
    found: list[tuple[Plan, BlastRadius]] = field(default_factory=list)

    name = "plan update"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads.

        Raises `NotApproved` where a scale-down is open: nobody has to agree to what would be
        refused.
        """

        def act(session: Session) -> str:
            interrupted_scaling.require_none(session, self.cluster)
            plan, radius = planned(session, self.cluster)
            self.found[:] = [(with_roles(session, plan), radius)]
            rolls = f"; {number(radius.machines, 'machine')} to roll" if radius.machines else ""
            return f"{plan.digest[:12]}: {plan.summary}{rolls}"

        return (Step("plan", act, READ),)
