"""Whether a cluster that is to be created was applied before: the rest is an update then."""

from dataclasses import dataclass, field

from kled.operations.cluster.applied import was_applied
from kled.operations.guards.guards import READS
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ


@dataclass(frozen=True, slots=True)
class PlanCreation:
    """Look in one step.

    `applied` holds the cluster's name afterwards where it was applied before.
    """

    cluster: str
    applied: list[str] = field(default_factory=list)

    name = "plan creation"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads."""

        def act(session: Session) -> str:
            stored = session.kops.definition.find(self.cluster) is not None
            self.applied[:] = (
                [self.cluster] if stored and was_applied(session, self.cluster) else []
            )
            return "it was applied before" if self.applied else "it is new"

        return (Step("look", act, READ),)
