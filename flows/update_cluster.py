"""Update a cluster: plan, ask where it should, snapshot, apply, roll, validate."""

from kled import durations
from kled.models.rolling import Roll
from kled.operations.approved_plan import Approved
from kled.operations.overrides import Overrides
from kled.operations.update_cluster import UpdateCluster
from tasks.running import approvals, language, operation, plans, previews
from tasks.running.forms import ClusterName, Digest, Duration
from tasks.running.language import CLUSTER, Earlier
from tasks.running.operation import Outcome


@language.flow(
    name="update-cluster",
    flow_run_name="update {name}",
    earlier={**CLUSTER, "patience": Earlier("wait", "m")},
)
@operation.reported
def update_cluster(
    name: ClusterName,
    digest: Digest | None = None,
    wait: Duration = "30m",
    new_identity: ClusterName | None = None,
    *,
    roll: bool = False,
    yes: bool = True,
) -> Outcome:
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
    plan, radius = plans.update(name, overrides, digest=digest)
    if not yes:
        return previews.of_plan("plan update", plan, radius)
    agreement = approvals.obtain(plan, radius, approved=digest)
    return operation.run(
        UpdateCluster(
            name,
            Approved(agreement.digest, plan),
            Roll() if roll else None,
            durations.parse(wait),
        ),
        then=(
            f"kled kops rolling-update --name={name}",
            f"kled kops validate-cluster --name={name}",
        ),
        overrides=overrides,
        agreement=agreement,
    )
