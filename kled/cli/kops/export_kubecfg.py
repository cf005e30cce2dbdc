"""`kled kops export-kubecfg`."""

from datetime import timedelta
from pathlib import Path

import click

from kled.cli.frame import cluster_name
from kled.cli.frame.command import Call, leaf
from kled.cli.frame.execute import execute
from kled.cli.frame.parameters import DURATION
from kled.operations.cluster.export_cluster import ExportCluster
from kled.operations.health.kubeconfigs import default_place
from kled.operations.names import only_cluster
from kled.sentences import options


@leaf(
    "export-kubecfg",
    examples=(
        "kled kops export-kubecfg --name=mycluster.example.com --kubeconfig=./kubeconfig",
        "kled kops export-kubecfg --name=mycluster.example.com --admin=1h",
    ),
)
@cluster_name.name(cluster_name.ONLY_ONE)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file; contexts of other clusters in it are kept"
    " [default: ./kubeconfig-NAME; in a sandbox, a file of its own].",
)
@click.option(
    "--admin",
    type=DURATION,
    default="18h",
    show_default=True,
    help="Lifetime of the admin credentials; 0 writes a context without any.",
)
def export_kubecfg(call: Call, name: str | None, kubeconfig: Path | None, admin: timedelta) -> None:
    """Write a kubeconfig, readable by its owner alone, with credentials that expire."""
    with call.session() as session:
        cluster = only_cluster(session, name)
    target = (kubeconfig or default_place(call.settings, cluster)).absolute()
    operation = ExportCluster(cluster, target, admin or None)
    execute(call, operation, then=f"kubectl {options(kubeconfig=target)} get nodes")
