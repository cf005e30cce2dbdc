"""Update a cluster: plan, ask where it should, snapshot, apply, roll, validate."""

from datetime import timedelta
from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.models.rolling import Roll
from kled.operations.approved_plan import Approved
from kled.operations.overrides import Overrides
from kled.operations.update_cluster import UpdateCluster
from tasks import approvals, operation, plans
from tasks.operation import Outcome


@flow(name="update-cluster", flow_run_name="update {cluster}", persist_result=False)
@operation.reported
def update_cluster(
    cluster: Annotated[str, Field(min_length=1)],
    digest: Annotated[str | None, Field(pattern=r"^[0-9a-f]{12,64}$")] = None,
    patience: Annotated[int, Field(ge=1, le=1440)] = 30,
    new_identity: str | None = None,
    *,
    roll: bool = False,
) -> Outcome:
    """Bring the cloud in line with a cluster's definition; with `roll` also its machines.

    The plan is made first and shown with whom it touches; what is applied is that plan, or nothing.
    Safe to run again after a failure, a cancellation or a kill: it does only what is left.

    Args:
        cluster: The cluster's name.
        digest: The digest of a plan that was approved, as an earlier run or `kled plan` shows it.
        patience: Minutes that the cluster may take to validate afterwards.
        new_identity: The cluster's name once more, to make new keys in place of those it had.
        roll: Also replace the machines that need it, one after the other.
    """
    overrides = Overrides(new_identity=new_identity)
    plan, radius = plans.update(cluster, overrides)
    agreement = approvals.obtain(plan, radius, approved=digest)
    return operation.run(
        UpdateCluster(
            cluster,
            Approved(agreement.digest, plan),
            Roll() if roll else None,
            timedelta(minutes=patience),
        ),
        then=(
            f"kled kops rolling-update --name={cluster}",
            f"kled kops validate-cluster --name={cluster}",
        ),
        overrides=overrides,
        agreement=agreement,
    )
