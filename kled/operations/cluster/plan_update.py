"""What an update would do and whom it would touch: for a preview, without the lease."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kled.kops.client import Kops
from kled.models.blast_radius import BlastRadius
from kled.models.plan import Plan
from kled.operations.cluster import apply_changes, damaged_derived
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.guards import READS
from kled.operations.identity import kept_keys
from kled.operations.instance_group import interrupted_scaling, lost_groups
from kled.operations.instance_group.group_roles import with_roles
from kled.operations.preview import foreseen
from kled.operations.preview.blast_radius import of_plan
from kled.operations.preview.sight import SessionSight
from kled.operations.records.approved_plan import Approved
from kled.operations.session import Session
from kled.operations.step import Operation, Step, planning_step
from kled.sentences import number


def plan_with_radius(
    session: Session, wish: UpdateCluster, *, now: bool = False
) -> tuple[Plan, BlastRadius]:
    """Return the plan of an update and its blast radius; as `preview_update`. Only reads."""
    plan = preview_update(session, wish, now=now)
    return plan, radius_of(session, plan)


def preview_update(session: Session, wish: UpdateCluster, *, now: bool = False) -> Plan:
    """Return the plan of an update, with the refusal that applying it would meet. Only reads.

    `now` is that of `foreseen.refusal`. Where kops could not preview the plan, raises that refusal:
    with damaged keys kops is not asked at all.
    """
    return _previewed(session, wish, lambda kops: kops.cluster.preview_update, now=now)


def plan_reconciling(
    session: Session, wish: ReconcileCluster, *, now: bool = False
) -> tuple[Plan, BlastRadius]:
    """Return the plan of `kops reconcile cluster` and its radius, as `plan_with_radius` does."""
    plan = _previewed(session, wish, lambda kops: kops.cluster.preview_reconcile, now=now)
    return plan, radius_of(session, plan)


def _previewed(
    session: Session,
    operation: Operation,
    look: Callable[[Kops], Callable[[str], Plan]],
    *,
    now: bool,
) -> Plan:
    cluster = operation.cluster

    def make() -> Plan:
        kept_keys.require_previewable(session, cluster)
        return look(session.kops)(cluster)

    plan, error = foreseen.preview_with_refusal(
        session, operation, make, lambda made: require_appliable(session, made), now=now
    )
    lost_groups.tell(session, cluster)
    damaged_derived.tell(session, cluster)
    return replace(plan, refusal=error)


def require_appliable(session: Session, plan: Plan) -> None:
    """Raise what a step that applies the plan would raise before it calls kops. Only reads."""
    interrupted_scaling.require_none(session, plan.cluster)
    if not plan.is_empty:
        apply_changes.clear(session, plan)


def radius_of(session: Session, plan: Plan) -> BlastRadius:
    """Return the blast radius of an update's plan, as this session sees it."""
    return of_plan(session, plan, SessionSight(session, plan.cluster))


@dataclass(frozen=True, slots=True)
class PlanUpdate:
    """Find out the plan and its blast radius."""

    cluster: str
    approved: Approved | None = None
    """The plan that somebody agreed to, where somebody did."""

    name = "plan update"
    guards = READS

    def steps(self) -> tuple[Step[tuple[Plan, BlastRadius]]]:
        """Return the one step. Safe to repeat: it only reads.

        Raises `NotApproved` where a scale-down is open. Any other refusal is in the plan, so that
        nobody is asked to agree to a plan which would be refused.
        """

        def plan(session: Session) -> tuple[tuple[Plan, BlastRadius], str]:
            interrupted_scaling.require_none(session, self.cluster)
            made, radius = plan_with_radius(session, UpdateCluster(self.cluster, self.approved))
            rolls = f"; {number(radius.machines, 'machine')} to roll" if radius.machines else ""
            told = f"{made.digest[:12]}: {made.summary}{rolls}"
            return (with_roles(session, made), radius), told

        return (planning_step("plan", plan),)
