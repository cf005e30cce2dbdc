"""Replaces the machines that run an earlier definition, group by group."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from kled.models.cluster_event import ClusterEvent
from kled.models.rolled import Steadiness
from kled.models.rolling import Roll, RollingPlan
from kled.operations import ways_back
from kled.operations.guards.guards import ROLLS
from kled.operations.health.cluster_api import cluster_api
from kled.operations.identity import identity_check
from kled.operations.instance_group import interrupted_scaling
from kled.operations.roll import interrupted_roll, plan_roll, roll_preflight
from kled.operations.roll.roll_groups import roll_groups
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE, READ

ROLL: Final = replace(CHANGE, deadline=timedelta(hours=24))
"""A node may take half an hour to drain and to validate; a fleet takes its time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How carefully a roll goes."""

    canary: str | None = None
    """An instance group that goes first among those of its role, or the id of one machine that is
    replaced alone before all others."""
    pause: timedelta = timedelta(0)
    """How long to wait after each group, for people to look."""
    group_deadline: timedelta | None = None
    """How long a group may take; by default 45 minutes for each of its machines."""
    steadiness: Steadiness = field(default=Steadiness())
    """How often the cluster must validate after a group before the next one starts."""
    patience: timedelta = timedelta(minutes=15)
    """How long the cluster may take to be steady after a group."""
    preflight: bool = True
    """False rolls even where budgets block or nodes are not ready."""


@dataclass(frozen=True, slots=True)
class RollCluster:
    """Check what would block the roll, then roll where something is left to roll."""

    cluster: str
    roll: Roll
    pace: Pace = Pace()
    approved: str | None = None
    """The digest of the roll that somebody agreed to (`plan_roll`); None rolls whatever is left."""

    name = "rolling update"
    guards = ROLLS

    def steps(self) -> tuple[Step, ...]:
        """Return the steps; without the Kubernetes API (`cloudonly`) nothing is checked before."""
        looks = self.pace.preflight and not self.roll.cloudonly
        checks = (preflight_step(self.cluster, self.roll),) if looks else ()
        if self.approved is not None:
            checks = (approval_step(self.cluster, self.roll, self.approved), *checks)
        return (
            identity_check.step(self.cluster),
            *checks,
            roll_step(self.cluster, self.roll, self.pace),
        )


def approval_step(cluster: str, roll: Roll, approved: str) -> Step:
    """Compare what is left to roll, under the lease, with what was approved. It only reads."""

    def act(session: Session) -> str:
        plan_roll.require(
            session.kops.cluster.preview_rolling_update(cluster, roll), roll, approved
        )
        return f"the roll is still the one with the digest {approved[:12]}, or done"

    return Step("check approval", act, READ, reads=True)


def preflight_step(cluster: str, roll: Roll) -> Step:
    """Name what would block the roll before anything is touched. Safe to repeat: it only reads."""

    def act(session: Session) -> str:
        interrupted_scaling.require_none(session, cluster)
        plan = session.kops.cluster.preview_rolling_update(cluster, roll)
        if not _is_left(plan, roll):
            return "no machine needs to be replaced"
        rows = [
            replace(row, need_update=row.nodes or 1) if roll.force else row for row in plan.rows
        ]
        with cluster_api(session, cluster, roll.api_server) as api:
            preflight = roll_preflight.look(session, cluster, rows, api)
        preflight.require(cluster, roll)
        return preflight.words

    return Step("check before rolling", act, CHANGE, reads=True)


def roll_step(cluster: str, roll: Roll, pace: Pace) -> Step:
    """`kops rolling-update cluster --yes`, a group at a time, unless its preview is empty.

    Safe to repeat and to kill: kops looks each time which machines still need it, and the next run
    first uncordons what a killed one left, except for what others had cordoned before. A forced
    roll that was killed goes on with the first group that it had not done. Raises `RollHalted`
    where a group cannot be rolled; nothing stays cordoned by the roll then.
    """
    back = ways_back.KnownWayBack()

    def done(session: Session) -> str | None:
        interrupted_scaling.require_none(session, cluster)
        plan = session.kops.cluster.preview_rolling_update(cluster, roll)
        if plan.is_empty:  # a forced roll, or the end of an interrupted one
            back.are(ways_back.OF_SAME_DEFINITION)
        mends = not roll.cloudonly and interrupted_roll.is_open(session, cluster)
        if mends or _is_left(plan, roll):
            return None  # what an interrupted roll had cordoned may be all that is left
        return "no machine needs to be replaced"

    def act(session: Session) -> str:
        back.are(ways_back.of_roll(session, cluster))
        return roll_groups(session, cluster, roll, pace)

    return Step(
        "rolling update",
        act,
        ROLL,
        done=done,
        way_back=ways_back.UNKNOWN,
        back=back,
        event=ClusterEvent.ROLLED,
    )


def _is_left(plan: RollingPlan, roll: Roll) -> bool:
    return roll.force or not plan.is_empty
