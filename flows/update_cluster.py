"""Update a cluster: plan, ask where it should, snapshot, apply, roll, validate."""

from kled import durations
from kled.kops.facts.plan_effects import makes_control_plane
from kled.operations.cluster.update_cluster import roll_command
from kled.operations.guards.overrides import Overrides
from kled.operations.records.approved_plan import Approved
from tasks import cluster, health, rolling
from tasks.running import approvals, language, plans, previews
from tasks.running.block import changing
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import CLUSTER, EarlierSpelling
from tasks.running.parameter_types import ClusterName, Digest, Duration


@language.flow(
    name="update-cluster",
    flow_run_name="update {name}",
    earlier={**CLUSTER, "patience": EarlierSpelling("wait", "m")},
)
@reported
def update_cluster(
    name: ClusterName,
    digest: Digest | None = None,
    wait: Duration = "30m",
    new_identity: ClusterName | None = None,
    *,
    roll: bool = False,
    yes: bool = True,
) -> FlowOutcome:
    """Bring the cloud in line with a cluster's definition; with `roll` also its machines.

    The plan is made first and shown with whom it touches; what is applied is that plan, or nothing.
    Safe to run again after a failure, a cancellation or a kill: it does only what is left.

    Args:
        name: The cluster.
        digest: The digest of a plan that was approved, as an earlier run or `kled plan` shows it.
        wait: How long the cluster may take to validate afterwards.
        new_identity: The cluster's name once more, to make new keys in place of those it had.
        roll: Also replace the machines that need it, one after the other.
        yes: Apply it, after the approvals that the rules ask for; else only show the plan.
    """
    overrides = Overrides(new_identity=new_identity)
    plan, radius = plans.plan_update(name, overrides, digest=digest)
    if not yes:
        return previews.show_plan("plan update", plan, radius)
    agreement = approvals.obtain(plan, radius, approved=digest, rolls=roll)
    approved = Approved(agreement.digest, plan)
    with changing(
        name,
        called="update cluster",
        overrides=overrides,
        agreement=agreement,
        then=(
            *(() if roll or makes_control_plane(plan) else (roll_command(name, overrides),)),
            f"kled kops validate-cluster --name={name}",
        ),
    ) as done:
        cluster.check_identity(name)
        cluster.check_approval(name, approved)
        if roll:
            rolling.check_before_changing(name)
        cluster.update_cluster(name, approved)
        if roll:
            rolling.check_before_rolling(name)
            rolling.rolling_update(name)
        health.validate_cluster(name, durations.parse(wait))
    return done.outcome
