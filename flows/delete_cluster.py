"""Delete a cluster: plan, final snapshot, delete, prove that nothing is left."""

from dataclasses import replace

from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.guards.neighbours import commands_that_make_again
from kled.operations.records.approved_plan import Approved
from tasks import cluster
from tasks.running import approvals, language, plans, previews, resources
from tasks.running.block import changing
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import CLUSTER
from tasks.running.parameter_types import ClusterName, Digest


@language.flow(name="delete-cluster", flow_run_name="delete {name}", earlier=CLUSTER)
@reported
def delete_cluster(
    name: ClusterName,
    confirm: ClusterName | None = None,
    digest: Digest | None = None,
    with_resources_of: tuple[ClusterName, ...] = (),
    *,
    unregister: bool = False,
    yes: bool = True,
) -> FlowOutcome:
    """Delete a cluster's cloud resources, keys, etcd backups and definition.

    A final snapshot with every etcd backup is taken and read back first. What is deleted is the
    plan that is shown, or nothing. Safe to run again after a failure, a cancellation or a kill: it
    does only what is left.

    Args:
        name: The cluster.
        confirm: The cluster's name once more; a protected cluster needs it.
        digest: The digest of a plan that was approved, as an earlier run or a preview shows it.
        with_resources_of: Neighbours whose resources kops takes, too, and that may be deleted.
        unregister: Only forget the definition, keys and etcd backups; cloud resources stay.
        yes: Delete it, after the approvals that the rules ask for; else only show the plan.
    """
    approved = Approved(digest) if digest else None
    wish = DeleteCluster(
        name, unregister, confirm if yes else name, approved, tuple(with_resources_of)
    )
    plan = plans.plan_deletion(wish)
    if not yes:
        return previews.show_plan("plan deletion", plan)
    agreement = approvals.obtain(plan, None, approved=digest)
    wish = replace(wish, approved=Approved(agreement.digest, plan))
    with changing(
        name,
        wish.guards,
        called=wish.name,
        then=(*commands_that_make_again(plan), *_way_back(name, unregister=unregister)),
        agreement=agreement,
    ) as done:
        if not unregister:
            cluster.check_roles(name)
        cluster.check_where_its_state_is(name)
        cluster.check_protection(wish)
        cluster.delete_cluster(wish)
        cluster.prove_that_nothing_is_left(wish)
    return done.outcome


def _way_back(cluster: str, *, unregister: bool) -> tuple[str, ...]:
    """Return what brings the cluster back; nothing where no snapshot is kept of it."""
    if resources.settings().snapshot_store is None:
        return ()
    control = " --with-control" if unregister else ""
    back = f"kled snapshot restore --name={cluster} --snapshot=latest{control} --yes"
    return (f"to have it back: {back}",)
