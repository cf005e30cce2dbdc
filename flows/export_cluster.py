"""Export a kubeconfig for a cluster."""

from pathlib import Path

from kled import durations
from kled.sentences import options
from tasks import credentials
from tasks.running import language, resources
from tasks.running.block import reading
from tasks.running.edge import FlowOutcome, reported
from tasks.running.language import EarlierSpelling
from tasks.running.parameter_types import ClusterName, Duration


@language.flow(
    name="export-cluster",
    flow_run_name="export {name}",
    earlier={"hours": EarlierSpelling("admin", "h")},
)
@reported
def export_cluster(
    name: ClusterName,
    kubeconfig: Path | None = None,
    admin: Duration = "18h",
) -> FlowOutcome:
    """Export a kubeconfig with short-lived admin credentials for a cluster.

    Safe to repeat: contexts of other clusters in the file are kept, and it is replaced whole.

    Args:
        name: The cluster.
        kubeconfig: File to export to where the flow runs; by default kubeconfigs/NAME in KLED_HOME.
        admin: Lifetime of the admin credentials; 0 exports a context without any.
    """
    target = kubeconfig or resources.kubeconfig(name)
    then = (f"kubectl {options(kubeconfig=target)} get nodes",)
    with reading(name, called="export cluster", then=then) as done:
        credentials.export_kubeconfig(name, target, durations.parse(admin) or None)
    return done.outcome
