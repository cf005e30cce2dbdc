"""A cluster as a whole: what is asked before it is made, changed or deleted, and that itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from kled.models.spec import ClusterSpec
from kled.operations.cluster import create_cluster, nothing_left
from kled.operations.cluster import delete_cluster as deletion
from kled.operations.cluster import update_cluster as updating
from kled.operations.cluster import upgrade_cluster as upgrading
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.edit_cluster import EditCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.guards import own_places, shared_iam_roles
from kled.operations.guards.guards import APPLIES, DELETES, EDITS, ROLLS
from kled.operations.identity import birth, identity_check
from kled.operations.records.approved_plan import Approved
from kled.operations.step import Step
from tasks.running.task import kops_task


@kops_task()
def check_settings(spec: ClusterSpec, kubeconfig: Path | None = None) -> Step:
    """Find what is wrong with a wish for a new cluster, and with the place of its kubeconfig.

    It only reads. Raises `SettingsError` and `KopsError` with the option, variable or field.
    """
    return create_cluster.check_step(spec, kubeconfig)


@kops_task()
def check_that_it_is_new(spec: ClusterSpec) -> Step:
    """Refuse to make a cluster over one that lives.

    It only reads. Raises `NotApproved` with the snapshot to put back.
    """
    return birth.step(spec)


@kops_task()
def check_identity(cluster: str) -> Step:
    """Look whether the keysets that the cluster's machines run with are in the state store.

    It only reads. Raises `IdentityAtRisk` with the snapshot that has those that are gone.
    """
    return identity_check.step(cluster)


@kops_task()
def check_roles(cluster: str) -> Step:
    """Refuse while other clusters use the IAM roles of this one. It only reads."""
    return shared_iam_roles.roles_step(cluster)


@kops_task()
def check_roles_of_new(spec: ClusterSpec) -> Step:
    """Refuse while other clusters use the IAM roles that the new one will have. It only reads."""
    return create_cluster.new_roles_step(spec)


@kops_task()
def check_approval(cluster: str, approved: Approved) -> Step:
    """Compare the plan as it is by now with the one that somebody approved.

    It only reads. Raises `NotApproved` where they differ: nothing else is ever applied.
    """
    return updating.approval_step(cluster, approved)


@kops_task()
def check_where_its_state_is(cluster: str, *, deletes: bool = True) -> Step:
    """Refuse what changes another cluster's state, or `deletes` it along. It only reads."""
    return own_places.step(cluster, deletes=deletes)


@kops_task()
def check_protection(wish: DeleteCluster) -> Step:
    """Look whether a deletion is meant, and can be made whole.

    It only reads. Raises `NotApproved` for a protected cluster whose name was not given once more.
    """
    return deletion.guard_step(wish)


@kops_task(EDITS)
def store_definition(spec: ClusterSpec, *, applied: bool = False) -> Step:
    """Store the definition of a cluster, or attach to an equal one; makes nothing in the cloud.

    `applied` says that it will be applied next, for the way back. Raises `ClusterDiffers` where
    another definition of that name is stored.
    """
    return create_cluster.store_step(spec, applied=applied)


@kops_task(EDITS)
def edit_cluster(wish: EditCluster) -> Step:
    """Change fields of the stored definition; `update_cluster` applies them."""
    (step,) = wish.steps()
    return step


@kops_task()
def check_version(wish: UpgradeCluster) -> Step:
    """Look whether the cluster may go to a version.

    It only reads. Raises `VersionRefused` for a downgrade, a step over a minor version, and one
    that this kops does not serve.
    """
    return upgrading.check_step(wish)


@kops_task(ROLLS)
def upgrade_cluster(wish: UpgradeCluster) -> Step:
    """Store another Kubernetes version; `update_cluster` and a roll bring it to the machines."""
    *_, step = wish.steps()
    return step


@kops_task(APPLIES)
def update_cluster(cluster: str, approved: Approved | None = None, *, new: bool = False) -> Step:
    """Bring the cloud in line with the stored definition: `kops update cluster --yes`.

    Nothing is done where the preview is empty. With `approved` just that plan is applied, or
    nothing; without, the rules of the settings file are asked. What a `new` cluster becomes for
    the first time was agreed to by whoever asked for it.
    """
    step: Step[Any] = updating.apply_step(cluster, approved, new=new)
    told: Step[str] = replace(step, result=None)  # chains are told its words
    return told


@kops_task(DELETES)
def delete_cluster(wish: DeleteCluster) -> Step:
    """Delete a cluster as its wish says: cloud resources, keys, etcd backups and definition.

    A cluster that is not there is done.
    """
    return deletion.delete_step(wish)


@kops_task()
def prove_that_nothing_is_left(wish: DeleteCluster) -> Step:
    """Look whether anything of a deleted cluster is left. Raises `StillThere` that names it."""
    return nothing_left.proof_step(wish.cluster, unregister=wish.unregister)
