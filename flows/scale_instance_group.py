"""Scale an instance group: up and wait; down by draining machines before the bounds are lowered."""

from kled import durations
from kled.operations.instance_group.scaling_bounds import bounds_meant
from kled.operations.instance_group.scaling_moves import Target
from tasks import cluster
from tasks import instance_group as groups
from tasks.running import approvals, language, plans, previews
from tasks.running.block import changing
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import CLUSTER, EarlierSpelling
from tasks.running.parameter_types import ClusterName, Digest, Duration, GroupName, Machines

EARLIER = {**CLUSTER, "minimum": EarlierSpelling("min"), "maximum": EarlierSpelling("max")}


@language.flow(
    name="scale-instance-group", flow_run_name="scale {instance_group} of {name}", earlier=EARLIER
)
@reported
def scale_instance_group(  # noqa: PLR0913, PLR0917 - each is asked for by name in the UI
    name: ClusterName,
    instance_group: GroupName,
    size: Machines | None = None,
    min: Machines | None = None,  # noqa: A002 - as the command's option
    max: Machines | None = None,  # noqa: A002 - as the command's option
    drain_timeout: Duration = "15m",
    digest: Digest | None = None,
    *,
    force_unmanaged: bool = False,
    yes: bool = True,
) -> FlowOutcome:
    """Give an instance group other bounds so that no pod is killed by it.

    Machines that go are drained by eviction first; where a budget holds their pods, the group gets
    back what it was. Safe to run again after a failure, a cancellation or a kill.

    Args:
        name: The cluster.
        instance_group: The group, or the start of its name.
        size: Exactly this many machines; both bounds.
        min: Least number of machines; left out, it stays.
        max: Greatest number of machines; left out, it stays.
        drain_timeout: How long draining a node may take.
        digest: The digest of a plan that was approved, as an earlier run shows it.
        force_unmanaged: Also evict unmanaged pods: no controller makes them again.
        yes: Scale it, after the approvals that the rules ask for; else only show the plan.
    """
    low, high = bounds_meant(size, min, max)
    plan, group = plans.plan_scaling(name, instance_group, low, high, digest)
    if not yes:
        return previews.show_plan("plan scaling", plan)
    agreement = approvals.obtain(plan, None, approved=digest)
    target = Target(
        name,
        group,
        low,
        high,
        drain_timeout=durations.parse(drain_timeout),
        force_unmanaged=force_unmanaged,
    )
    with changing(
        name,
        called="scale instance group",
        then=(f"kled kops validate-cluster --name={name}",),
        agreement=agreement,
    ) as done:
        cluster.check_identity(name)
        groups.check_scaling(target, agreement.digest)
        groups.hold_back(target)
        groups.drain_and_end_machines(target)
        earlier = groups.set_bounds(target)
        groups.let_launch(target, earlier)
        groups.wait_for_nodes(target)
    return done.outcome
