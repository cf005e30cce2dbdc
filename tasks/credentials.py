"""Credentials for clusters, their secrets, and the keys that they live by."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from kled.operations.cluster import export_cluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.credentials.secrets import CreateSecret, DeleteSecret
from kled.operations.guards.guards import EDITS, ROTATES
from kled.operations.step import Step
from tasks.running.task import kops_task

ADMIN: Final = timedelta(hours=18)
"""As kops' own default."""


@kops_task()
def export_kubeconfig(cluster: str, kubeconfig: Path, admin: timedelta | None = ADMIN) -> Step:
    """Write the cluster's context with short-lived admin credentials into a file, mode 0600.

    Contexts of other clusters in it are kept. Without `admin` it has no credentials.
    """
    return export_cluster.export_step(cluster, kubeconfig, admin)


@kops_task(EDITS)
def create_secret(wish: CreateSecret) -> Step:
    """Store what a file holds as a secret; machines get it when they are rolled.

    `tasks.cluster.check_where_its_state_is(cluster, deletes=False)` comes before it.
    """
    return wish.steps()[1]


@kops_task(EDITS)
def delete_secret(wish: DeleteSecret) -> Step:
    """Delete a secret; raises `IdentityAtRisk` where the definition still needs it."""
    return wish.steps()[1]


@kops_task(ROTATES)
def rotate_keypairs(wish: RotateKeypairs) -> Step:
    """Do one phase of a rotation, `create`, `promote` or `distrust`; roll after each."""
    *_, step = wish.steps()
    return step
