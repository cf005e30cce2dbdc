"""Create a cluster, wait until it validates, and export a kubeconfig for it."""

from pathlib import Path

from kled import durations
from kled.kops.export import require_target
from kled.models.spec import ClusterSpec
from kled.operations.approved_plan import Approved
from kled.operations.create_cluster import CreateCluster
from kled.sentences import options
from tasks.running import agreements, approvals, language, operation, plans, resources
from tasks.running.forms import Digest, Duration
from tasks.running.language import Earlier
from tasks.running.operation import Outcome


@language.flow(
    name="create-cluster",
    flow_run_name="create {spec.name}",
    earlier={"patience": Earlier("wait", "m")},
)
@operation.reported
def create_cluster(
    spec: ClusterSpec,
    kubeconfig: Path | None = None,
    wait: Duration = "30m",
    digest: Digest | None = None,
) -> Outcome:
    """Create a cluster, wait until it validates, and export a kubeconfig for it.

    Safe to run again after a failure, a cancellation or a kill: it does only what is left. What is
    left of a cluster that was applied before is planned and asked about as an update is.

    Args:
        spec: The cluster that is wanted.
        kubeconfig: File to export to where the flow runs; by default kubeconfigs/NAME in KLED_HOME.
        wait: How long the cluster may take to validate.
        digest: For a cluster that was applied before: the digest of the plan that was approved.
    """
    target = kubeconfig or resources.kubeconfig(spec.name)
    require_target(target)  # before anybody is asked about anything
    plan = plans.creation(spec.name)
    if plan is None:
        agreement, approved = agreements.of_new(spec.name), None
    else:
        agreement = approvals.obtain(*plan, approved=digest)
        approved = Approved(agreement.digest, plan[0])
    return operation.run(
        CreateCluster(spec, target, durations.parse(wait), approved=approved),
        then=(
            f"kubectl {options(kubeconfig=target)} get nodes",
            f"kled kops validate-cluster --name={spec.name}",
            f"kled kops get-instances --name={spec.name}",
        ),
        agreement=agreement,
    )
