"""Bring a cluster to its definition: update and roll, control plane first."""

from dataclasses import dataclass, replace
from datetime import timedelta

from kled.kops.facts import plan_effects
from kled.models.plan import Plan
from kled.models.rolling import Roll
from kled.operations import ways_back
from kled.operations.cluster import apply_changes
from kled.operations.cluster.update_cluster import (
    deletion_of_all,
    is_made_anew,
    what_is_unsure,
)
from kled.operations.guards import shared_iam_roles
from kled.operations.guards.guards import APPLIES
from kled.operations.identity import identity_check
from kled.operations.instance_group import interrupted_scaling
from kled.operations.records import approved_plan
from kled.operations.records.approved_plan import Approved
from kled.operations.roll import roll_ahead
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE, READ

RECONCILE = replace(CHANGE, deadline=timedelta(hours=24))
"""It rolls every machine that needs it, one after the other."""


@dataclass(frozen=True, slots=True)
class ReconcileCluster:
    """What `kops reconcile cluster --yes` does, under the cluster's lease."""

    cluster: str
    approved: Approved | None = None
    """Without it the plan is applied as it is by then."""

    name = "reconcile cluster"
    guards = APPLIES

    def steps(self) -> tuple[Step, ...]:
        """Return the steps.

        Safe to repeat and to kill: kops reconciles by updates and rolling updates, and each of them
        looks again at what is left.
        """
        effect, back = Effect(), ways_back.KnownWayBack()

        def act(session: Session) -> str:
            effect.begins()
            interrupted_scaling.require_none(session, self.cluster)
            plan = session.kops.cluster.preview_reconcile(self.cluster)
            if self.approved is not None:
                approved_plan.require(session, plan, self.approved)
            cleared = apply_changes.clear(session, plan)
            if self.approved is not None and not plan.is_empty:
                approved_plan.write(session, plan, self.approved)
            back.are(_way_back(session, plan))
            apply_changes.reconcile(session, cleared, agreed=self.approved is not None)
            if self.approved is not None:
                approved_plan.forget(session, self.cluster)
            effect.ends(plan.changes)  # a roll alone brings machines to what was applied before
            return f"reconciled; {cleared.remark}" if cleared.remark else "reconciled"

        return (
            identity_check.step(self.cluster),
            *((self._approval_step(self.approved),) if self.approved else ()),
            shared_iam_roles.roles_step(self.cluster, where=self._changes_roles),
            roll_ahead.step(
                self.cluster,
                lambda session: session.kops.cluster.preview_reconcile(self.cluster),
                Roll(),
            ),
            Step(
                "reconcile cluster",
                act,
                RECONCILE,
                makes_keys=True,
                way_back=ways_back.UNKNOWN,
                changed=effect,
                back=back,
                unsure=what_is_unsure(self.cluster),
            ),
        )

    def _changes_roles(self, session: Session) -> bool:
        return plan_effects.iam(session.kops.cluster.preview_reconcile(self.cluster))

    def _approval_step(self, approved: Approved) -> Step:
        """Compare the plan, as it is under the lease, with the approved one; it only reads."""

        def act(session: Session) -> str:
            return approved_plan.require(
                session, session.kops.cluster.preview_reconcile(self.cluster), approved
            )

        return Step("check approval", act, READ, reads=True)


def _way_back(session: Session, plan: Plan) -> str:
    """Return how the reconciliation to be made by `plan` is taken back."""
    if is_made_anew(session, plan):
        return deletion_of_all(plan.cluster)
    return ways_back.of_roll(session, plan.cluster)
