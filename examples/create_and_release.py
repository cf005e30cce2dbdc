"""Create a cluster, then install what has to run in it, in one run that can be repeated.

python -m examples.create_and_release
"""

import subprocess  # the team's own tool, not kops
from datetime import timedelta
from pathlib import Path

from prefect import flow, task

from kled.api import ClusterSpec
from tasks.cluster import (
    check_identity,
    check_roles_of_new,
    check_settings,
    check_that_it_is_new,
    store_definition,
    update_cluster,
)
from tasks.credentials import export_kubeconfig
from tasks.guards import CREATES
from tasks.health import validate_cluster
from tasks.running.block import changing


@task(retries=2, retry_delay_seconds=10, persist_result=False)
def install_release(kubeconfig: Path, release: str, chart: str, helm: str = "helm") -> str:
    """Install a Helm release, or bring it up to date. Safe to repeat: helm compares."""
    command = [helm, "upgrade", "--install", release, chart, "--wait"]
    done = subprocess.run(
        [*command, f"--kubeconfig={kubeconfig}"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@flow(name="create-and-release", persist_result=False)
def create_and_release(
    spec: ClusterSpec, kubeconfig: Path, release: str, chart: str, helm: str = "helm"
) -> str:
    """Create the cluster and install the release. Run again, it does only what is left."""
    with changing(spec.name, CREATES, spec=spec):
        check_settings(spec, kubeconfig)
        check_that_it_is_new(spec)
        check_identity(spec.name)
        check_roles_of_new(spec)
        store_definition(spec, applied=True)
        update_cluster(spec.name, new=True)
        validate_cluster(spec.name, timedelta(minutes=45))
        export_kubeconfig(spec.name, kubeconfig)
    return install_release(kubeconfig, release, chart, helm)  # after the lease: others may go on


if __name__ == "__main__":
    create_and_release(
        ClusterSpec(name="c.example.com", zones=("us-east-1a",), node_count=2),
        Path.home() / ".kube" / "c.example.com",
        "shop",
        "oci://registry.example.com/charts/shop",
    )
