"""Export a kubeconfig for a cluster."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.operations.export_cluster import ExportCluster
from kled.sentences import options
from tasks import operation, resources
from tasks.operation import Outcome


@flow(name="export-cluster", flow_run_name="export {name}", persist_result=False)
@operation.reported
def export_cluster(
    name: Annotated[str, Field(min_length=1)],
    kubeconfig: Path | None = None,
    hours: Annotated[int, Field(ge=0, le=8760)] = 18,
) -> Outcome:
    """Export a kubeconfig with short-lived admin credentials for a cluster.

    Safe to repeat: contexts of other clusters in the file are kept, and it is replaced whole.

    Args:
        name: The cluster's name.
        kubeconfig: File to export to where the flow runs; by default kubeconfigs/NAME in KLED_HOME.
        hours: Lifetime of the admin credentials; 0 exports a context without any.
    """
    target = kubeconfig or resources.kubeconfig(name)
    return operation.run(
        ExportCluster(name, target, timedelta(hours=hours) if hours else None),
        then=(f"kubectl {options(kubeconfig=target)} get nodes",),
    )
