"""Finds what would block the roll that follows a change, before the change is made.

Afterwards the cloud would have the change and the machines would not, for as long as a budget
blocks.
"""

from collections.abc import Callable
from typing import Final

from kled.errors import OutputUnreadable
from kled.models.plan import Plan
from kled.models.rolling import Roll, RollingRow
from kled.operations.cluster.applied import was_applied
from kled.operations.health.cluster_api import cluster_api
from kled.operations.instance_group import interrupted_scaling
from kled.operations.preview.blast_radius import rows_to_roll
from kled.operations.roll import roll_preflight
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE
from kled.sentences import options

NAME: Final = "check before changing"


def step(cluster: str, planned: Callable[[Session], Plan], roll: Roll) -> Step:
    """Check the machines that need a roll now, and those that will when `planned` is applied.

    Safe to repeat: it only reads. Raises `DrainBlocked` and `ClusterNotReady`, as the roll itself
    would. A cluster that begins again with other keys is not asked, since its API does not know
    them.
    """

    def act(session: Session) -> str:
        interrupted_scaling.require_none(session, cluster)
        if session.overrides.new_identity == cluster or not was_applied(session, cluster):
            return "there is no machine to ask for"
        rows = _rows(session, planned(session), roll)
        if not rows:
            return "no machine will need to be replaced"
        with cluster_api(session, cluster, roll.api_server) as api:
            preflight = roll_preflight.look(session, cluster, rows, api)
        first = f"kled kops update-cluster {options(name=cluster)} --yes, then"
        preflight.require(cluster, roll, first)
        return preflight.words

    return Step(NAME, act, CHANGE, reads=True)


def _rows(session: Session, plan: Plan, roll: Roll) -> tuple[RollingRow, ...]:
    """Return the rows of the groups that will roll; all rows where that is uncertain."""
    try:
        return rows_to_roll(session, plan)
    except OutputUnreadable:
        return session.kops.cluster.preview_rolling_update(plan.cluster, roll).rows
