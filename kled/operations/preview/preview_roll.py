"""The machines that a roll would replace, and why it would be refused."""

from dataclasses import dataclass, replace

from kled.errors import KledError
from kled.models.plan import Plan
from kled.models.rolling import Roll, RollingPlan
from kled.operations.guards.guards import READS
from kled.operations.identity import identity_check, kept_keys, lost_keys
from kled.operations.instance_group import interrupted_scaling
from kled.operations.instance_group.group_roles import with_roles
from kled.operations.names import instance_group_meant
from kled.operations.preview import foreseen
from kled.operations.roll.plan_roll import as_plan
from kled.operations.roll.roll_canary import canary_meant
from kled.operations.roll.roll_cluster import Pace, RollCluster
from kled.operations.session import Session
from kled.operations.step import Step, planning_step


def resolve_roll(
    session: Session, cluster: str, roll: Roll, canary: str | None
) -> tuple[Roll, str | None]:
    """Return the roll and its canary with whole names; raises as `canary_meant`."""
    typed = roll.instance_groups
    groups = tuple(instance_group_meant(session, cluster, group) for group in typed)
    first = canary_meant(session, cluster, canary, groups)
    return replace(roll, instance_groups=groups), first


def preview_roll(
    session: Session, wish: RollCluster, *, now: bool = False
) -> tuple[RollingPlan, KledError | None]:
    """Return the machines that a roll would replace, and its refusal, if any. Only reads.

    `now` is that of `foreseen.refusal`. Where kops could not preview the roll, raises that refusal:
    with damaged keys kops is not asked at all.
    """
    cluster = wish.cluster

    def make() -> RollingPlan:
        kept_keys.require_previewable(session, cluster)
        with lost_keys.tell_lost_keys_apart(session, cluster):
            return session.kops.cluster.preview_rolling_update(cluster, wish.roll)

    def left(_plan: RollingPlan) -> None:
        interrupted_scaling.require_none(session, cluster)

    return foreseen.preview_with_refusal(session, wish, make, left, now=now)


@dataclass(frozen=True, slots=True)
class PlanRoll:
    """Plan in one step; its result is the plan, and roll and canary with whole names."""

    cluster: str
    roll: Roll
    canary: str | None = None
    """A group, or the start of its name, or a machine."""
    approved: str | None = None
    """The digest of the roll that somebody agreed to, where somebody did."""
    preflight: bool = True
    """Whether to check what would block the roll."""

    name = "plan roll"
    guards = READS

    def steps(self) -> tuple[Step[tuple[Plan, Roll, str | None]]]:
        """Return the one step. Safe to repeat: it only reads.

        Raises the refusal that the roll would meet.
        """

        def plan(session: Session) -> tuple[tuple[Plan, Roll, str | None], str]:
            interrupted_scaling.require_none(session, self.cluster)
            identity_check.check(session, self.cluster)
            roll, first = resolve_roll(session, self.cluster, self.roll, self.canary)
            pace = Pace(first, preflight=self.preflight)
            wish = RollCluster(self.cluster, roll, pace, self.approved)
            rolling, error = preview_roll(session, wish)
            if error is not None:
                raise error
            made = with_roles(session, as_plan(rolling, roll))
            return (made, roll, first), f"{made.digest[:12]}: {made.summary}"

        return (planning_step("plan", plan),)
