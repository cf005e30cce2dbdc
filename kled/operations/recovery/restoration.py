"""What the steps of a restore tell each other, and what is told of it when it has ended."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Wish
    from kled.snapshot.restore.restore import RestoreReport
    from kled.snapshot.restore.restore_plan import RestorePlan


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was checked under the lease: the restore that is meant, and its plan."""

    wish: "Wish"
    """With the id of the snapshot that `latest` stands for."""
    plan: "RestorePlan"
    taken_out: tuple[str, ...] = ()
    """`Settled.taken_out` of it."""


@dataclass(frozen=True, slots=True)
class RestorationReport:
    """What a restore did, of which plan."""

    done: "RestoreReport"
    agreed: Agreed
    """With the plan as it was carried out."""

    @property
    def summary(self) -> str:
        """How many objects were written, in words."""
        done = self.done
        return f"{done.created} created, {done.replaced} replaced, {done.same} there already"

    @property
    def names_old_place(self) -> bool:
        """Whether the definition still names the place that it was taken from."""
        moving = self.agreed.plan.moving.as_json()
        return bool(moving["old_places"] and not moving["rewritten"])

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--output json`."""
        plan = self.agreed.plan
        made = {"snapshot": plan.manifest.id, "target": plan.target}
        return {**self.done.as_json(), **made, **plan.moving.as_json()}
