"""Wait until a cluster validates."""

from datetime import timedelta
from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.operations.validate_cluster import ValidateCluster
from tasks import operation
from tasks.operation import Outcome


@flow(name="validate-cluster", flow_run_name="validate {name}", persist_result=False)
@operation.reported
def validate_cluster(
    name: Annotated[str, Field(min_length=1)],
    patience: Annotated[int, Field(ge=1, le=1440)] = 30,
) -> Outcome:
    """Wait until a cluster validates, and announce whether it is healthy.

    Safe to run at any time: it only reads.

    Args:
        name: The cluster's name.
        patience: Minutes that the cluster may take to validate.
    """
    return operation.run(
        ValidateCluster(name, timedelta(minutes=patience)),
        then=(f"kled kops get-instances --name={name}",),
    )
