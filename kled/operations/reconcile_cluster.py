"""Bring a cluster to its definition: update and roll, control plane first."""

from dataclasses import dataclass, replace
from datetime import timedelta

from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE

RECONCILE = replace(CHANGE, deadline=timedelta(hours=24))
"""It rolls every machine that needs it, one after the other."""


@dataclass(frozen=True, slots=True)
class ReconcileCluster:
    """What `kops reconcile cluster --yes` does, under the cluster's lease."""

    cluster: str

    name = "reconcile cluster"
    mutates = True

    def steps(self) -> tuple[Step, ...]:
        """Return the one step.

        Safe to repeat and to kill: it is made of updates and rolling updates, and each looks anew
        at what is left.
        """

        def act(session: Session) -> str:
            session.kops.reconcile(self.cluster)
            return "reconciled"

        way_back = "put the earlier definition back, and reconcile again"
        return (Step("reconcile cluster", act, RECONCILE, way_back=way_back),)
