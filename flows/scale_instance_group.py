"""Scale an instance group: up and wait; down by draining machines before the bounds are lowered."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.models.counts import MOST
from kled.operations.scale_instance_group import ScaleInstanceGroup
from tasks import approvals, operation, plans
from tasks.operation import Outcome


@flow(
    name="scale-instance-group",
    flow_run_name="scale {instance_group} of {cluster}",
    persist_result=False,
)
@operation.reported
def scale_instance_group(
    cluster: Annotated[str, Field(min_length=1)],
    instance_group: Annotated[str, Field(min_length=1)],
    minimum: Annotated[int | None, Field(ge=0, le=MOST)] = None,
    maximum: Annotated[int | None, Field(ge=0, le=MOST)] = None,
    digest: Annotated[str | None, Field(pattern=r"^[0-9a-f]{12,64}$")] = None,
    *,
    force_unmanaged: bool = False,
) -> Outcome:
    """Give an instance group other bounds so that no pod is killed by it.

    Machines that go are drained by eviction first; where a budget holds their pods, the group gets
    back what it was. Safe to run again after a failure, a cancellation or a kill.

    Args:
        cluster: The cluster's name.
        instance_group: The group's name.
        minimum: Least number of machines; None leaves it.
        maximum: Greatest number of machines; None leaves it.
        digest: The digest of a plan that was approved, as an earlier run shows it.
        force_unmanaged: Also evict pods that nothing makes anew.
    """
    plan = plans.scaling(cluster, instance_group, minimum, maximum)
    agreement = approvals.obtain(plan, None, approved=digest)
    return operation.run(
        ScaleInstanceGroup(
            cluster,
            instance_group,
            minimum,
            maximum,
            force_unmanaged=force_unmanaged,
            approved=agreement.digest,
        ),
        then=(f"kled kops validate-cluster --name={cluster}",),
        agreement=agreement,
    )
