"""Delete a cluster: plan, final snapshot, delete, prove that nothing is left."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.operations.approved_plan import Approved
from kled.operations.delete_cluster import DeleteCluster
from kled.operations.neighbours import makes_anew
from tasks import approvals, operation, plans, resources
from tasks.operation import Outcome


@flow(name="delete-cluster", flow_run_name="delete {cluster}", persist_result=False)
@operation.reported
def delete_cluster(
    cluster: Annotated[str, Field(min_length=1)],
    confirm: str | None = None,
    digest: Annotated[str | None, Field(pattern=r"^[0-9a-f]{12,64}$")] = None,
    with_resources_of: tuple[str, ...] = (),
    *,
    unregister: bool = False,
) -> Outcome:
    """Delete a cluster's cloud resources, keys, etcd backups and definition.

    A final snapshot with every etcd backup is taken and read back first. What is deleted is the
    plan that is shown, or nothing. Safe to run again after a failure, a cancellation or a kill: it
    does only what is left.

    Args:
        cluster: The cluster's name.
        confirm: The cluster's name once more; a protected cluster needs it.
        digest: The digest of a plan that was approved, as an earlier run or a preview shows it.
        with_resources_of: Neighbours whose resources kops takes, too, and that may be deleted.
        unregister: Only forget the definition, keys and etcd backups; cloud resources stay.
    """
    named = tuple(with_resources_of)
    plan = plans.deletion(cluster, unregister=unregister, with_resources_of=named)
    agreement = approvals.obtain(plan, None, approved=digest)
    approved = Approved(agreement.digest, plan)
    return operation.run(
        DeleteCluster(cluster, unregister, confirm, approved, named),
        then=(*makes_anew(plan), *_way_back(cluster, unregister=unregister)),
        agreement=agreement,
    )


def _way_back(cluster: str, *, unregister: bool) -> tuple[str, ...]:
    """Return what brings the cluster back; nothing where no snapshot is kept of it."""
    if resources.settings().snapshot_store is None:
        return ()
    control = " --with-control" if unregister else ""
    back = f"kled snapshot restore --name={cluster} --snapshot=latest{control} --yes"
    return (f"to have it back: {back}",)
