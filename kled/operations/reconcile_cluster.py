"""Bring a cluster to its definition: update and roll, control plane first."""

from dataclasses import dataclass, replace
from datetime import timedelta

from kled.kops import footprint
from kled.operations import apply_changes, iam_fanout, identity, interrupted_scaling
from kled.operations.guards import APPLIES
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import CHANGE

RECONCILE = replace(CHANGE, deadline=timedelta(hours=24))
"""It rolls every machine that needs it, one after the other."""


@dataclass(frozen=True, slots=True)
class ReconcileCluster:
    """What `kops reconcile cluster --yes` does, under the cluster's lease."""

    cluster: str

    name = "reconcile cluster"
    guards = APPLIES

    def steps(self) -> tuple[Step, ...]:
        """Return the steps.

        Safe to repeat and to kill: it is made of updates and rolling updates, and each looks anew
        at what is left.
        """
        effect = Effect()

        def act(session: Session) -> str:
            effect.begins()
            interrupted_scaling.require_none(session, self.cluster)
            plan = session.kops.reconcile_preview(self.cluster)
            cleared = apply_changes.clear(session, plan)
            apply_changes.reconcile(session, cleared)
            effect.ends(plan.changes)  # a roll alone brings machines to what was applied before
            return f"reconciled; {cleared.words}" if cleared.words else "reconciled"

        def changes_roles(session: Session) -> bool:
            return footprint.iam(session.kops.reconcile_preview(self.cluster))

        way_back = "put the earlier definition back, and reconcile again"
        return (
            identity.step(self.cluster),
            iam_fanout.roles_step(self.cluster, where=changes_roles),
            Step("reconcile cluster", act, RECONCILE, way_back=way_back, changed=effect),
        )
