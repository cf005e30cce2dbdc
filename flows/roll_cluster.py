"""Roll a cluster's machines: look first, snapshot, group by group, halt cleanly, go on later."""

from kled import durations
from kled.models.rolling import Roll
from kled.operations.roll.roll_cluster import Pace
from tasks import cluster, rolling
from tasks.guards import ROLLS
from tasks.running import approvals, language, plans, previews
from tasks.running.block import changing
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import CLUSTER, EarlierSpelling
from tasks.running.parameter_types import ClusterName, Digest, Duration, GroupName, GroupOrMachine

EARLIER = {
    **CLUSTER,
    "instance_groups": EarlierSpelling("instance_group"),
    "pause": EarlierSpelling("pause", "m"),
    "group_deadline": EarlierSpelling("group_deadline", "m"),
}


@language.flow(name="roll-cluster", flow_run_name="roll {name}", earlier=EARLIER)
@reported
def roll_cluster(  # noqa: PLR0913 - each is asked for by name in the UI
    name: ClusterName,
    instance_group: tuple[GroupName, ...] = (),
    canary: GroupOrMachine | None = None,
    pause: Duration = "0",
    group_deadline: Duration | None = None,
    digest: Digest | None = None,
    *,
    force: bool = False,
    skip_preflight: bool = False,
    yes: bool = True,
) -> FlowOutcome:
    """Replace the machines that do not run what the definition says, in their safe order.

    What would block it is named before anything starts. A failure halts it with nothing cordoned by
    it; run again, after that or after a kill, it replaces only the machines that still need it.

    Args:
        name: The cluster.
        instance_group: Only these groups; all where none is named.
        canary: The group that goes first among those of its role, or one machine by its id.
        pause: How long to wait after each group, for people to look.
        group_deadline: How long a group may take; by default 45m for each of its machines.
        digest: The digest of a roll that was approved, as an earlier run shows it.
        force: Also replace machines that need no update.
        skip_preflight: Roll although budgets block or nodes are not ready.
        yes: Roll it, after the approvals that the rules ask for; else only show the plan.
    """
    wanted = Roll(instance_groups=tuple(instance_group), force=force)
    plan, roll, first = plans.plan_roll(name, wanted, canary, digest, preflight=not skip_preflight)
    if not yes:
        return previews.show_plan("plan roll", plan)
    pace = Pace(
        first,
        durations.parse(pause),
        durations.parse(group_deadline) if group_deadline else None,
        preflight=not skip_preflight,
    )
    agreement = approvals.obtain(plan, None, approved=digest)
    with changing(
        name,
        ROLLS,
        called="rolling update",
        then=(f"kled kops validate-cluster --name={name}",),
        agreement=agreement,
    ) as done:
        cluster.check_identity(name)
        rolling.check_approval(name, roll, agreement.digest)
        if not skip_preflight:
            rolling.check_before_rolling(name, roll)
        rolling.rolling_update(name, roll, pace)
    return done.outcome
