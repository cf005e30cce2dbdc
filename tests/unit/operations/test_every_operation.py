"""Every operation with all its steps, guards included: what protects a cluster is written here.

The list is made by hand: whoever changes what comes before a change sees it in this file.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

import kled.operations
from kled.errors import KopsError, NotApproved
from kled.models.rolling import Roll
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster, StoreCluster
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.edit_cluster import EditCluster, StoreEditedCluster
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.credentials.secrets import CreateSecret, DeleteSecret
from kled.operations.guards.before_change import steps_of
from kled.operations.guards.guards import EDITS, READS
from kled.operations.guards.overrides import Overrides
from kled.operations.instance_group.create_delete import CreateInstanceGroup, DeleteInstanceGroup
from kled.operations.instance_group.edit_instance_group import (
    EditInstanceGroup,
    StoreInstanceGroup,
)
from kled.operations.instance_group.interrupted_scaling import AbandonScaling
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.records.approved_plan import Approved
from kled.operations.recovery.raise_epoch import RaiseEpoch
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.operations.snapshots.plan_snapshots import PlanPrune, PlanRestore
from kled.operations.snapshots.prune import PruneSnapshots
from kled.operations.snapshots.verify import VerifySnapshots
from kled.operations.step import READS_ONLY, Operation, Planning, Step
from tests.sites import session_at

C: Final = "c.example.com"
ID: Final = "20261125T034149Z-a1b2c3d4"
SPEC: Final = ClusterSpec(name=C, zones=["us-east-1a"])
FILE: Final = Path("nowhere")
BEFORE: Final = ["check epoch", "take a snapshot"]
KEYS_BEFORE: Final = ["check epoch", "check identity", "take a snapshot"]
_GUARDS: Final = frozenset(
    {
        *BEFORE,
        "take the first snapshot",
        "keep new keys",
        "take the final snapshot",
        "announce deletion",
        "end epoch",
    }
)
_READING: Final = ("check ", "validate ", "wait for ", "prove ", "say ")

CHANGING: Final[list[tuple[Operation, list[str]]]] = [
    (
        CreateCluster(SPEC, FILE),
        [
            "check epoch",
            "check settings",
            "check that it is new",
            "check identity",
            "check IAM roles",
            "take a snapshot",
            "store definition",
            "update cluster",
            "take the first snapshot",
            "validate cluster",
            "export kubeconfig",
        ],
    ),
    (
        StoreCluster(SPEC),
        [
            "check epoch",
            "check settings",
            "check that it is new",
            "take a snapshot",
            "store definition",
        ],
    ),
    (UpdateCluster(C), [*KEYS_BEFORE, "update cluster", "keep new keys"]),
    (
        UpdateCluster(C, Approved("0" * 64), Roll(), timedelta(minutes=1)),
        [
            "check epoch",
            "check identity",
            "check approval",
            "check before changing",
            "take a snapshot",
            "update cluster",
            "keep new keys",
            "check before rolling",
            "rolling update",
            "validate cluster",
        ],
    ),
    (
        ReconcileCluster(C),
        [
            "check epoch",
            "check identity",
            "check IAM roles",
            "check before changing",
            "take a snapshot",
            "reconcile cluster",
            "keep new keys",
        ],
    ),
    (
        UpgradeCluster(C),
        ["check epoch", "check identity", "check version", "take a snapshot", "upgrade cluster"],
    ),
    (
        RollCluster(C, Roll()),
        [
            "check epoch",
            "check identity",
            "check before rolling",
            "take a snapshot",
            "rolling update",
        ],
    ),
    (
        RollCluster(C, Roll(), approved="0" * 64),
        [
            "check epoch",
            "check identity",
            "check approval",
            "check before rolling",
            "take a snapshot",
            "rolling update",
        ],
    ),
    (
        ScaleInstanceGroup(C, "nodes", 1, 1),
        [
            "check epoch",
            "check identity",
            "check scaling",
            "take a snapshot",
            "hold group back",
            "drain and end machines",
            "set bounds",
            "keep new keys",
            "let group launch",
            "wait for nodes",
        ],
    ),
    (
        AbandonScaling(C),
        [*KEYS_BEFORE, "give group back", "keep new keys"],
    ),
    (EditCluster(C, ("spec.sshAccess=10.0.0.0/8",)), [*BEFORE, "edit cluster"]),
    (EditInstanceGroup(C, "nodes", ("spec.maxSize=2",)), [*BEFORE, "edit instance group"]),
    (StoreEditedCluster(C, ""), [*BEFORE, "edit cluster"]),
    (StoreInstanceGroup(C, "nodes", ""), [*BEFORE, "edit instance group"]),
    (CreateInstanceGroup(C, "more", ("us-east-1a",)), [*BEFORE, "create instance group"]),
    (
        DeleteInstanceGroup(C, "nodes"),
        ["check epoch", "check protection", "take a snapshot", "delete instance group"],
    ),
    (
        CreateSecret(C, "dockerconfig", FILE),
        ["check epoch", "check where its state is", "take a snapshot", "create secret"],
    ),
    (
        CreateSecret(C, "dockerconfig", FILE, force=True),
        [
            *("check epoch", "check where its state is", "take a snapshot", "create secret"),
            "keep the new value",
        ],
    ),
    (
        DeleteSecret(C, "dockerconfig"),
        ["check epoch", "check where its state is", "take a snapshot", "delete secret"],
    ),
    (
        RotateKeypairs(C, "create"),
        [*KEYS_BEFORE, "create keypairs", "keep new keys"],
    ),
    (
        DeleteCluster(C),
        [
            "check epoch",
            "check IAM roles",
            "check where its state is",
            "check protection",
            "take the final snapshot",
            "announce deletion",
            "delete cluster",
            "prove that nothing is left",
            "end epoch",
        ],
    ),
    (
        DeleteCluster(C, unregister=True),
        [
            "check epoch",
            "check where its state is",
            "check protection",
            "take the final snapshot",
            "announce deletion",
            "unregister cluster",
            "prove that nothing is left",
            "end epoch",
        ],
    ),
    (
        RestoreState(Wish(C, ID)),
        ["check epoch", "check restore", "take a snapshot", "restore state"],
    ),
    (
        RestoreState(Wish(C, ID, to="s3://second")),
        ["check restore", "restore state", "say where it lives"],
    ),
    (
        RestoreState(Wish(C, ID), raise_epoch=True),
        [
            *("check restore", "restore state", "prove identity"),
            *("take its first snapshot there", "raise epoch"),
        ],
    ),
    (
        RaiseEpoch(C),
        [
            *("prove identity", "check its former home", "take its first snapshot there"),
            "raise epoch",
        ],
    ),
    (
        RaiseEpoch(C, former="s3://old"),
        [
            *("prove identity", "check its former home", "name its own place"),
            *("take its first snapshot there", "raise epoch"),
        ],
    ),
]
"""An operation, and the names of its steps in their order."""
STORES: Final[list[Operation]] = [
    BackUpState(),
    VerifySnapshots(),
    PruneSnapshots(),
    MirrorSnapshots("s3://second"),
    PlanRestore(Wish(C, ID)),
    PlanPrune(),
]


def names(steps: Any) -> list[str]:
    return [step.name for step in steps]


@pytest.mark.parametrize(
    ("operation", "steps"), CHANGING, ids=[str(at) for at in range(len(CHANGING))]
)
def test_a_change_has_just_these_steps(
    tmp_path: Path, operation: Operation, steps: list[str]
) -> None:
    assert names(steps_of(operation, session_at(tmp_path))) == steps
    assert operation.guards.lease
    assert operation.guards.windows or isinstance(operation, RaiseEpoch)


@pytest.mark.parametrize("operation", STORES, ids=lambda one: one.name)
def test_what_works_on_snapshot_stores_holds_no_cluster(
    tmp_path: Path, operation: Operation
) -> None:
    assert names(steps_of(operation, session_at(tmp_path))) == names(operation.steps())
    assert operation.guards.place_of(operation.cluster) is None
    assert not operation.guards.needs_kops


@pytest.mark.parametrize(
    ("operation", "steps"), CHANGING, ids=[str(at) for at in range(len(CHANGING))]
)
def test_overrides_take_away_what_they_name_and_nothing_else(
    tmp_path: Path, operation: Operation, steps: list[str]
) -> None:
    bare = session_at(tmp_path, overrides=Overrides(no_snapshot=True, no_epoch=True))

    assert names(steps_of(operation, bare)) == [one for one in steps if one not in _GUARDS]
    assert names(steps_of(operation, bare)) == names(operation.steps())


def test_no_operation_is_missing_here() -> None:
    tried = {type(operation) for operation, _ in CHANGING} | {type(one) for one in STORES}

    assert {one for one in _operations() if one.guards != READS} == tried


def _operations() -> Iterator[Any]:
    """Yield every class of the package that is an operation."""
    for module in pkgutil.walk_packages(kled.operations.__path__, "kled.operations."):
        for value in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(value, type)
                and value.__module__ == module.name
                and value not in {Operation, Planning}
                and hasattr(value, "guards")
                and hasattr(value, "steps")
            ):
                yield value


class Halfway:
    """An operation whose step has begun when it fails."""

    name = "try it"
    cluster = C
    guards = EDITS

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def steps(self) -> tuple[Step, ...]:
        def act(_session: Session) -> str:
            if self.errors:
                raise self.errors.pop(0)
            return "done"

        return (Step("change it", act, way_back="change it back"),)


def without_stores(tmp_path: Path) -> Session:
    return session_at(tmp_path, overrides=Overrides(no_snapshot=True, no_epoch=True))


def test_a_step_that_failed_halfway_says_how_it_is_taken_back(tmp_path: Path) -> None:
    with pytest.raises(KopsError) as failed:
        run(Halfway(KopsError("no more machines", hint="ask for more")), without_stores(tmp_path))

    assert failed.value.hint == (
        "ask for more; what it may have changed is taken back so: change it back"
    )


def test_a_refusal_has_nothing_to_take_back(tmp_path: Path) -> None:
    with pytest.raises(NotApproved) as refused:
        run(Halfway(NotApproved("not now", hint="later")), without_stores(tmp_path))

    assert refused.value.hint == "later"


def test_the_report_says_how_what_was_done_is_taken_back(tmp_path: Path) -> None:
    (row,) = run(Halfway(), without_stores(tmp_path)).rows

    assert row.as_json()["way_back"] == "change it back"


@pytest.mark.parametrize(
    ("operation", "steps"), CHANGING, ids=[str(at) for at in range(len(CHANGING))]
)
def test_each_step_of_a_change_reads_or_says_how_it_is_taken_back(
    operation: Operation, steps: list[str]
) -> None:
    told = {step.name for step in operation.steps() if step.way_back != READS_ONLY}
    reading = {step.name for step in operation.steps() if step.way_back == READS_ONLY}

    assert told
    assert all(name.startswith(_READING) for name in reading), reading


@pytest.mark.parametrize(
    ("operation", "steps"), CHANGING, ids=[str(at) for at in range(len(CHANGING))]
)
def test_no_way_back_deletes_without_a_look(operation: Operation, steps: list[str]) -> None:
    told = [step.way_back for step in operation.steps() if " delete-" in step.way_back]

    assert not [words for words in told if "--yes" in words], steps
