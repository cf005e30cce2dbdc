"""Remove the snapshots that retention does not keep."""

from kled.operations.snapshots.plan_snapshots import PlanPrune
from kled.operations.snapshots.prune import PruneSnapshots
from tasks import snapshots
from tasks.guards import STORES
from tasks.running import language, previews, snapshot_table
from tasks.running.block import reading
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import EarlierSpelling
from tasks.running.parameter_types import ClusterName, Kept
from tasks.running.results import afterwards

NUMBERS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")


@language.flow(
    name="prune-snapshots",
    flow_run_name="prune snapshots",
    earlier={"keep": EarlierSpelling(keys=NUMBERS)},
)
@reported
def prune_snapshots(  # noqa: PLR0913, PLR0917 - each is asked for by name in the UI
    name: ClusterName | None = None,
    last: Kept | None = None,
    hourly: Kept | None = None,
    daily: Kept | None = None,
    weekly: Kept | None = None,
    monthly: Kept | None = None,
    yearly: Kept | None = None,
    confirm: ClusterName | None = None,
    *,
    yes: bool = True,
) -> FlowOutcome:
    """Remove what retention does not keep; the newest trusted snapshot always stays.

    Numbers that are left out are those of the settings file, else kled's own.

    Args:
        name: The cluster; all where none is named.
        last: Keep so many of the newest.
        hourly: Keep the newest of so many hours.
        daily: Keep the newest of so many days.
        weekly: Keep the newest of so many weeks.
        monthly: Keep the newest of so many months.
        yearly: Keep the newest of so many years.
        confirm: The cluster's name once more; a protected cluster needs it.
        yes: Remove them; else only show which.
    """
    given = zip(NUMBERS, (last, hourly, daily, weekly, monthly, yearly), strict=True)
    keep = {what: number for what, number in given if number is not None}
    if not yes:
        return previews.preview_prune(PlanPrune(keep, name))
    pruning = PruneSnapshots(keep, name, confirm)
    publish = afterwards(snapshots.prune_snapshots, snapshot_table.announce_pruning)
    then = ("kled snapshot list",)
    with reading(pruning.cluster, STORES, called=pruning.name, then=then, publish=publish) as done:
        snapshots.prune_snapshots(pruning)
    return done.outcome
