"""Whether a cluster that is to be created was applied before: the rest is an update then."""

from dataclasses import dataclass

from kled.operations.cluster.applied import was_applied
from kled.operations.guards.guards import READS
from kled.operations.session import Session
from kled.operations.step import Step, planning_step


@dataclass(frozen=True, slots=True)
class PlanCreation:
    """Find out whether the cluster was applied before."""

    cluster: str

    name = "plan creation"
    guards = READS

    def steps(self) -> tuple[Step[bool]]:
        """Return the one step. Safe to repeat: it only reads."""

        def look(session: Session) -> tuple[bool, str]:
            stored = session.kops.definition.find(self.cluster) is not None
            applied = stored and was_applied(session, self.cluster)
            return applied, "it was applied before" if applied else "it is new"

        return (planning_step("look", look),)
