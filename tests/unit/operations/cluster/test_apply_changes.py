"""No path reaches kops' changes of a cluster without the guards of its identity. Fault 1."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import kled.operations
from kled.models.rolling import Roll
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.identity import identity_check
from kled.operations.instance_group.interrupted_scaling import AbandonScaling
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.step import Operation

C = "c.example.com"
ROOT = Path(kled.operations.__file__).parents[2]
APPLYING = {"update", "reconcile"}
"""What makes kops create what it does not find, keysets included."""
SPEC = ClusterSpec(name=C, zones=("us-east-1a",))
GUARDED: tuple[Operation, ...] = (
    CreateCluster(SPEC, Path("kubeconfig")),
    UpdateCluster(C),
    UpdateCluster(C, roll=Roll()),
    ReconcileCluster(C),
    RollCluster(C, Roll()),
    RotateKeypairs(C, "create"),
    ScaleInstanceGroup(C, "nodes"),
    AbandonScaling(C),
    UpgradeCluster(C),
)
UNGUARDED = {
    "CreateInstanceGroup": "stores a definition",
    "CreateSecret": "stores a secret that somebody gives",
    "DeleteCluster": "ends the cluster",
    "DeleteInstanceGroup": "makes nothing",
    "DeleteSecret": "makes nothing",
    "EditCluster": "stores a definition",
    "EditInstanceGroup": "stores a definition",
    "RaiseEpoch": "changes no cluster, and proves the keys by itself",
    "StoreInstanceGroup": "stores a definition",
    "StoreCluster": "stores a definition",
    "StoreEditedCluster": "stores a definition",
}
STORES_ALONE = {"BackUpState", "VerifySnapshots", "RestoreState", "PruneSnapshots"}
STORES_ALONE |= {"MirrorSnapshots", "PlanPrune", "PlanRestore"}
READS = {
    "CheckHealth",
    "PlanRecovery",
    "ExportCluster",
    "PlanDeletion",
    "PlanRoll",
    "PlanUpdate",
    "PlanScaling",
    "PlanCreation",
    "ValidateCluster",
    "ValidateClusters",
}


def operations() -> Iterator[type]:
    """Yield every class of `kled.operations` that is an operation."""
    path = [str(Path(kled.operations.__file__).parent)]
    for module in pkgutil.walk_packages(path, "kled.operations."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if found.__module__ == module.name and hasattr(found, "steps"):
                yield found


def calls(path: Path) -> Iterator[str]:
    """Yield the verbs about a cluster that a file calls: `kops.cluster.VERB(...)`."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    attr=verb,
                    value=ast.Attribute(
                        attr="cluster", value=ast.Attribute(attr="kops") | ast.Name(id="kops")
                    ),
                )
            ):
                yield verb


def test_one_module_lets_kops_apply_and_it_takes_cleared_plans_alone() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in ("kled", "tasks", "flows")
        for path in (ROOT / folder).rglob("*.py")
        if APPLYING & set(calls(path))
    }

    assert found == {"kled/operations/cluster/apply_changes.py"}


def test_what_changes_machines_or_keys_first_looks_at_the_identity() -> None:
    for operation in GUARDED:
        steps = operation.steps()
        names = [step.name for step in steps]
        assert identity_check.NAME in names, operation.name
        assert all(step.reads for step in steps[: names.index(identity_check.NAME) + 1]), (
            operation.name
        )


def test_every_operation_is_known_here() -> None:
    """A new one has to say whether it can make keys, or replace the machines that live by them."""
    known = {type(one).__name__ for one in GUARDED} | UNGUARDED.keys() | STORES_ALONE | READS

    assert {one.__name__ for one in operations()} - {"Operation", "Planning"} == known
