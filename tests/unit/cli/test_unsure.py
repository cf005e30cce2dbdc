"""Where an update is interrupted nobody knows what stands, and the last words say what tells it."""

from types import SimpleNamespace
from typing import Any, Final

import pytest

from kled.cli.frame.interruption import Interruptible
from kled.operations.cluster.create_cluster import CreateCluster
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.records.approved_plan import Approved
from kled.operations.step import Operation, Step
from tests.unit.operations.test_every_operation import FILE, SPEC

C: Final = "c.example.com"
CHANGING: Final = ("update cluster", "reconcile cluster")
UPDATES: Final[list[Operation]] = [
    UpdateCluster(C),
    UpdateCluster(C, Approved("0" * 64)),
    ReconcileCluster(C),
    CreateCluster(SPEC, FILE),
]


def said(operation: Operation, at: Step) -> list[str]:
    display: Any = SimpleNamespace(started=lambda _step: None, ended=lambda _row: None)
    watching = Interruptible(operation.name, display)
    watching.started(at)
    return watching.lines()


@pytest.mark.parametrize("operation", UPDATES, ids=lambda one: one.name)
def test_what_lets_kops_apply_is_unsure_while_it_does(operation: Operation) -> None:
    (at,) = [step for step in operation.steps() if step.name in CHANGING]

    words = said(operation, at)

    told = f"kled kops update-cluster --name={operation.cluster}"
    assert [line for line in words if line.endswith(told)], words
    assert words[0].startswith(f"{operation.name} was at: {at.name}")


@pytest.mark.parametrize("operation", UPDATES, ids=lambda one: one.name)
def test_other_steps_are_not(operation: Operation) -> None:
    assert [
        step.name for step in operation.steps() if step.unsure and step.name not in CHANGING
    ] == []
    assert not any("kops may have been" in line for line in said(operation, operation.steps()[0]))
