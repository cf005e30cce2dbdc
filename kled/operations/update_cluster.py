"""Bring the cloud in line with the stored definition."""

from dataclasses import dataclass

from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE


@dataclass(frozen=True, slots=True)
class UpdateCluster:
    """Preview, and apply where something is left to do."""

    cluster: str

    name = "update cluster"
    mutates = True

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""
        return (apply_step(self.cluster),)


def apply_step(cluster: str) -> Step:
    """`kops update cluster --yes`, unless its preview is empty.

    Safe to repeat and to kill: kops creates what is missing and leaves what is there; what a
    killed call had not done yet shows in the next preview.
    """

    def done(session: Session) -> str | None:
        return "nothing to change" if session.kops.update_preview(cluster).is_empty else None

    def act(session: Session) -> str:
        session.kops.update(cluster)
        return "applied"

    return Step(
        "update cluster",
        act,
        CHANGE,
        done=done,
        way_back=f"kled kops delete-cluster --name={cluster} --yes removes what was created",
    )
