"""Create a cluster, wait until it validates, and export a kubeconfig for it."""

from pathlib import Path

from kled import durations
from kled.kops.verbs.kubeconfig import require_target
from kled.models.spec import ClusterSpec
from kled.operations.records.approved_plan import Approved
from kled.sentences import options
from tasks import cluster, credentials, health
from tasks.guards import CREATES
from tasks.running import approvals, language, plans, resources, unasked
from tasks.running.block import changing
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import EarlierSpelling
from tasks.running.parameter_types import Digest, Duration


@language.flow(
    name="create-cluster",
    flow_run_name="create {spec.name}",
    earlier={"patience": EarlierSpelling("wait", "m")},
)
@reported
def create_cluster(
    spec: ClusterSpec,
    kubeconfig: Path | None = None,
    wait: Duration = "30m",
    digest: Digest | None = None,
) -> FlowOutcome:
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
    plan = plans.plan_creation(spec.name)
    if plan is None:
        agreement, approved = unasked.agree_on_new(spec.name), None
    else:
        agreement = approvals.obtain(*plan, approved=digest, rolls=False)
        approved = Approved(agreement.digest, plan[0])
    with changing(
        spec.name,
        CREATES,
        called="create cluster",
        spec=spec,
        agreement=agreement,
        then=(
            f"kubectl {options(kubeconfig=target)} get nodes",
            f"kled kops validate-cluster --name={spec.name}",
            f"kled kops get-instances --name={spec.name}",
        ),
    ) as done:
        cluster.check_settings(spec, target)
        cluster.check_that_it_is_new(spec)
        cluster.check_identity(spec.name)
        cluster.check_roles_of_new(spec)
        cluster.store_definition(spec, applied=True)
        cluster.update_cluster(spec.name, approved, new=True)
        health.validate_cluster(spec.name, durations.parse(wait))
        credentials.export_kubeconfig(spec.name, target)
    return done.outcome
