"""Which machines a roll would replace, and why it would be refused: before anybody is asked."""

from dataclasses import dataclass, field, replace

from kled.errors import KledError
from kled.models.plan import Plan
from kled.models.rolling import Roll, RollingPlan
from kled.operations.guards.guards import READS
from kled.operations.identity import kept_keys, lost_keys
from kled.operations.instance_group import interrupted_scaling
from kled.operations.instance_group.group_roles import with_roles
from kled.operations.names import instance_group_meant
from kled.operations.preview import foreseen
from kled.operations.roll.plan_roll import as_plan
from kled.operations.roll.roll_canary import canary_meant
from kled.operations.roll.roll_cluster import Pace, RollCluster
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ


def resolve_roll(
    session: Session, cluster: str, roll: Roll, canary: str | None
) -> tuple[Roll, str | None]:
    """Return the roll and what goes first with whole names; raises as `canary_meant`."""
    typed = roll.instance_groups
    groups = tuple(instance_group_meant(session, cluster, group) for group in typed)
    first = canary_meant(session, cluster, canary, groups)
    return replace(roll, instance_groups=groups), first


def preview_roll(
    session: Session, wish: RollCluster, *, now: bool = False
) -> tuple[RollingPlan, KledError | None]:
    """Return which machines a roll would replace, and what it would be refused with; only reads.

    `now` is that of `foreseen.refusal`. Raises that refusal where kops could not preview the roll:
    over damaged keys it is not even asked.
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
    """Plan as one step; what was found is in `plans` when it has ended."""

    cluster: str
    roll: Roll
    canary: str | None = None
    """A group, also the start of its name, or a machine."""
    approved: str | None = None
    """The digest of the roll that somebody agreed to, where somebody did."""
    preflight: bool = True
    """Whether it looks what stands in the way."""
    plans: list[Plan] = field(default_factory=list)
    meant: list[tuple[Roll, str | None]] = field(default_factory=list)
    """The roll and the canary with whole names."""

    name = "plan roll"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step. Safe to repeat: it only reads.

        Raises what the roll would be refused with.
        """

        def act(session: Session) -> str:
            interrupted_scaling.require_none(session, self.cluster)
            kept_keys.check(session, self.cluster)
            roll, first = resolve_roll(session, self.cluster, self.roll, self.canary)
            pace = Pace(first, preflight=self.preflight)
            wish = RollCluster(self.cluster, roll, pace, self.approved)
            rolling, error = preview_roll(session, wish)
            if error is not None:
                raise error
            self.plans[:] = [with_roles(session, as_plan(rolling, roll))]
            self.meant[:] = [(roll, first)]
            return f"{self.plans[0].digest[:12]}: {self.plans[0].summary}"

        return (Step("plan", act, READ),)
