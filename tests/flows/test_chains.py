"""A flow's body lists its tasks; the command's operation lists the same steps in the same order."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from prefect import Flow

from deployments import catalog
from flows.back_up_state import back_up_state
from flows.check_health import check_health
from flows.create_cluster import create_cluster
from flows.delete_cluster import delete_cluster
from flows.export_cluster import export_cluster
from flows.mirror_snapshots import mirror_snapshots
from flows.plan_update import plan_update
from flows.prune_snapshots import prune_snapshots
from flows.restore_state import restore_state
from flows.roll_cluster import roll_cluster
from flows.scale_instance_group import scale_instance_group
from flows.update_cluster import update_cluster
from flows.validate_cluster import validate_cluster
from flows.verify_snapshots import verify_snapshots
from kled.models.rolling import Roll
from kled.operations.cluster.create_cluster import CreateCluster
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.cluster.export_cluster import ExportCluster
from kled.operations.cluster.plan_update import PlanUpdate
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.before_change import steps_of
from kled.operations.guards.overrides import NOTHING
from kled.operations.health.check_health import CheckHealth
from kled.operations.health.validate_cluster import ValidateCluster
from kled.operations.health.validate_clusters import ValidateClusters
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.records.approved_plan import Approved
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.session import Session, Who
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.operations.snapshots.prune import PruneSnapshots
from kled.operations.snapshots.verify import VerifySnapshots
from kled.operations.step import Operation, Step
from kled.retry import Clock
from tasks.running.resources import call_with
from tests.boxes import Box
from tests.flows.box import Memory
from tests.flows.server import SPEC, ended

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
C: Final = SPEC.name
FILE: Final = Path("nowhere")
DIGEST: Final = "0" * 64
GUARDS: Final = frozenset(
    {
        "check epoch",
        "take a snapshot",
        "take the first snapshot",
        "keep new keys",
        "take the final snapshot",
        "announce deletion",
        "end epoch",
    }
)
SINGLE: Final = {
    "export-cluster": "credentials are one thing",
    "validate-cluster": "a look; of all clusters at once, which waits for the slowest alone",
    "back-up-state": "a run over a fleet is one document, and reads clusters side by side",
    "verify-snapshots": "as a back-up, and its verdict is about all of them",
    "prune-snapshots": "what one snapshot keeps decides what may go of another",
    "mirror-snapshots": "the second store is listed once",
    "plan-update": "it changes nothing",
}
"""Flows of one task, and why."""


class Keys(Memory):
    """Remembers the keys of the steps that began: guards are tagged."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def started(self, step: Step) -> None:
        self.keys.append(key(step))


def key(step: Step) -> str:
    return f"guard: {step.name}" if step.guards else step.name


@dataclass(frozen=True)
class Chain:
    """A run of a flow, and the operation of its command."""

    flow: Flow[..., Any]
    operation: Operation
    parameters: dict[str, Any]
    looks: int = 0
    """Steps before its block: its plan."""


def chains(box: Box) -> list[Chain]:
    """Return the life of a cluster: each flow finds the world as the one before it left it."""
    second = (box.directory / "second").as_uri()
    half_an_hour = timedelta(minutes=30)
    approved = Approved(DIGEST)
    kubeconfig = box.directory / "kubeconfig"
    group = "nodes-us-east-1a"
    restoring = RestoreState(Wish(C, "latest"))
    return [
        Chain(create_cluster, CreateCluster(SPEC, FILE), {"spec": SPEC, "kubeconfig": kubeconfig}),
        Chain(validate_cluster, ValidateCluster(C), {"name": C}),
        Chain(validate_cluster, ValidateClusters(), {}),
        Chain(export_cluster, ExportCluster(C, FILE), {"name": C, "kubeconfig": kubeconfig}),
        Chain(back_up_state, BackUpState(), {}),
        Chain(check_health, CheckHealth(), {}),
        Chain(check_health, CheckHealth(C, validates=False), {"name": C, "no_validate": True}),
        Chain(verify_snapshots, VerifySnapshots(), {}),
        Chain(mirror_snapshots, MirrorSnapshots(second), {"to": second}),
        Chain(prune_snapshots, PruneSnapshots(), {}),
        Chain(restore_state, restoring, {"name": C, "snapshot": "latest"}),
        Chain(
            restore_state,
            replace(restoring, raise_epoch=True),
            {"name": C, "snapshot": "latest", "raise_epoch": True},
        ),
        Chain(plan_update, PlanUpdate(C), {"name": C}),
        Chain(update_cluster, UpdateCluster(C, approved, None, half_an_hour), {"name": C}, 1),
        Chain(
            update_cluster,
            UpdateCluster(C, approved, Roll(), half_an_hour),
            {"name": C, "roll": True},
            1,
        ),
        Chain(roll_cluster, RollCluster(C, Roll(), approved=DIGEST), {"name": C}, 1),
        Chain(
            scale_instance_group,
            ScaleInstanceGroup(C, group, 3, 3),
            {"name": C, "instance_group": group, "size": 3},
            1,
        ),
        Chain(delete_cluster, DeleteCluster(C), {"name": C}, 1),
    ]


def performed(box: Box, chain: Chain) -> list[str]:
    """Run the flow, and return the keys of its steps without those of its plan."""
    keys = Keys()
    with call_with(box.settings(), keys):
        state = ended(chain.flow, **chain.parameters)
    assert state.is_completed(), (chain.flow.name, state.message)
    assert not GUARDS & set(keys.keys)
    return keys.keys[chain.looks :]


def listed(box: Box, chain: Chain) -> list[str]:
    """Return the keys of the steps that the command's runner goes through."""
    who, clock = Who("tester", "a run", timedelta(0)), Clock(lambda: 0.0, lambda _: None)
    session = Session(box.settings(), None, clock, who, None, overrides=NOTHING)
    return [key(step) for step in steps_of(chain.operation, session)]


@pytest.fixture
def kept(box: Box) -> Box:
    """A sandbox with a snapshot store, and a second one."""
    for name in ("kept", "second"):
        (box.directory / name).mkdir()
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "kept").as_uri()
    return box


def test_every_flow_performs_the_steps_of_its_command_in_their_order(kept: Box) -> None:
    life = chains(kept)
    assert {one.flow.name for one in life} == {one.flow for one in _entries()}

    found = [(one.flow.name, performed(kept, one)) for one in life]

    assert found == [(one.flow.name, listed(kept, one)) for one in life]
    assert {name for name, steps in found if len(steps) == 1} == set(SINGLE)


def _entries() -> tuple[catalog.CatalogEntry, ...]:
    return tuple(catalog.load(catalog.path()))
