"""What a deletion would remove, and why it would be refused."""

from dataclasses import dataclass, replace

from kled.models.definition import Definition
from kled.models.plan import Plan
from kled.operations.cluster import unregistration
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.plan_deletion import plan_deletion
from kled.operations.guards.guards import READS
from kled.operations.instance_group.group_roles import with_roles
from kled.operations.preview import foreseen
from kled.operations.records import begun_deletion
from kled.operations.session import Session
from kled.operations.step import Step, planning_step


def require_deletable(
    session: Session, wish: DeleteCluster
) -> Definition | unregistration.Unreadable | None:
    """Return what is stored; None where only the proof of an earlier deletion is due. Only reads.

    Raises `ClusterNotFound` for a cluster that is gone.
    """
    stored = unregistration.look(session, wish.cluster, unregister=wish.unregister)
    if stored is None and begun_deletion.read(session, wish.cluster) is None:
        session.kops.definition.get(wish.cluster)  # says that there is none
    return stored


def preview_deletion(session: Session, wish: DeleteCluster, *, now: bool = False) -> Plan:
    """Return `plan_deletion`, with the refusal that the deletion would meet. Only reads.

    `now` is that of `foreseen.refusal`. Raises that refusal where nothing can be listed.
    """
    plan, error = foreseen.preview_with_refusal(
        session,
        wish,
        lambda: plan_deletion(session, wish.cluster, unregister=wish.unregister),
        now=now,
    )
    return replace(plan, refusal=error)


@dataclass(frozen=True, slots=True)
class PlanDeletion:
    """Plan in one step, whose result is the plan."""

    wish: DeleteCluster

    name = "plan deletion"
    guards = READS

    @property
    def cluster(self) -> str:
        """The cluster that would be deleted."""
        return self.wish.cluster

    def steps(self) -> tuple[Step[Plan]]:
        """Return the one step. Safe to repeat: it only reads."""

        def plan(session: Session) -> tuple[Plan, str]:
            made = preview_deletion(session, self.wish)
            return with_roles(session, made), f"{made.digest[:12]}: {made.summary}"

        return (planning_step("plan", plan),)
