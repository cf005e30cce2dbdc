"""Export a kubeconfig for a cluster."""

from pathlib import Path

from kled import durations
from kled.operations.export_cluster import ExportCluster
from kled.sentences import options
from tasks.running import language, operation, resources
from tasks.running.forms import ClusterName, Duration
from tasks.running.language import Earlier
from tasks.running.operation import Outcome


@language.flow(
    name="export-cluster", flow_run_name="export {name}", earlier={"hours": Earlier("admin", "h")}
)
@operation.reported
def export_cluster(
    name: ClusterName,
    kubeconfig: Path | None = None,
    admin: Duration = "18h",
) -> Outcome:
    """Export a kubeconfig with short-lived admin credentials for a cluster.

    Safe to repeat: contexts of other clusters in the file are kept, and it is replaced whole.

    Args:
        name: The cluster.
        kubeconfig: File to export to where the flow runs; by default kubeconfigs/NAME in KLED_HOME.
        admin: Lifetime of the admin credentials; 0 exports a context without any.
    """
    target = kubeconfig or resources.kubeconfig(name)
    return operation.run(
        ExportCluster(name, target, durations.parse(admin) or None),
        then=(f"kubectl {options(kubeconfig=target)} get nodes",),
    )
