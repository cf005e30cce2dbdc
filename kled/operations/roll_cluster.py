"""Replace the machines that do not run what the definition says."""

from dataclasses import dataclass, replace
from datetime import timedelta

from kled.models.rolling import Roll
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE, ONCE

ROLL = replace(CHANGE, deadline=timedelta(hours=24))
"""A node may take half an hour to drain and to validate; a fleet takes its time."""


@dataclass(frozen=True, slots=True)
class RollCluster:
    """Preview, and roll where something is left to roll."""

    cluster: str
    roll: Roll

    name = "rolling update"
    mutates = True

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""
        return (roll_step(self.cluster, self.roll),)


def roll_step(cluster: str, roll: Roll) -> Step:
    """`kops rolling-update cluster --yes`, unless its preview is empty.

    Safe to repeat and to kill: kops looks each time which machines still need it, and the next
    call uncordons or replaces what a killed one left. With `force` every call starts again from
    the first machine, so a forced roll is never repeated by itself.
    """

    def done(session: Session) -> str | None:
        if roll.force:
            return None
        plan = session.kops.rolling_update_preview(cluster, roll)
        return "no machine needs to be replaced" if plan.is_empty else None

    def act(session: Session) -> str:
        session.kops.rolling_update(cluster, roll)
        return "rolled"

    return Step(
        "rolling update",
        act,
        ONCE if roll.force else ROLL,
        done=done,
        way_back="put the earlier definition back, then kled kops update-cluster --yes"
        f" and kled kops rolling-update --name={cluster} --yes",
    )
