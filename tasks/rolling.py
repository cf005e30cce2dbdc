"""Replacing the machines that do not run what the definition says."""

from typing import Final

from kled.models.rolling import Roll
from kled.operations.cluster import update_cluster
from kled.operations.guards.guards import ROLLS
from kled.operations.roll import roll_cluster
from kled.operations.roll.roll_cluster import Pace
from kled.operations.step import Step
from tasks.running.task import kops_task

ALL: Final = Roll()
"""All groups, in their safe order."""
STEADY: Final = Pace()


@kops_task()
def check_before_changing(cluster: str, roll: Roll = ALL) -> Step:
    """Name what would block the roll that follows an update, before the update is made.

    It only reads. Raises `DrainBlocked` and `ClusterNotReady`.
    """
    return update_cluster.ahead_step(cluster, roll)


@kops_task()
def check_approval(cluster: str, roll: Roll, digest: str) -> Step:
    """Compare what is left to roll with the plan of that digest, which somebody approved.

    It only reads. Raises `NotApproved` where they differ.
    """
    return roll_cluster.approval_step(cluster, roll, digest)


@kops_task()
def check_before_rolling(cluster: str, roll: Roll = ALL) -> Step:
    """Name what would block a roll before anything is touched.

    It only reads. Raises `DrainBlocked` and `ClusterNotReady`.
    """
    return roll_cluster.preflight_step(cluster, roll)


@kops_task(ROLLS)
def rolling_update(cluster: str, roll: Roll = ALL, pace: Pace = STEADY) -> Step:
    """Replace the machines that need it, group by group: `kops rolling-update cluster --yes`.

    Control planes go first. Raises `RollHalted` where a group cannot be rolled, with nothing left
    cordoned; performed again, it goes on with what is left.
    """
    return roll_cluster.roll_step(cluster, roll, pace)
