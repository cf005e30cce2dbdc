"""What Prefect is told of a cluster, and what it is not."""

import ast
from pathlib import Path

import pytest

import kled.operations
from kled.operations.runner import Row
from tasks.running.events import STEPS, event_of


@pytest.mark.parametrize(
    ("operation", "step", "event"),
    [
        ("update cluster", "update cluster", "kled.cluster.updated"),
        ("update cluster", "rolling update", "kled.cluster.rolled"),
        ("rolling update", "rolling update", "kled.cluster.rolled"),
    ],
)
def test_a_change_is_announced_where_there_was_one(
    operation: str, step: str, event: str
) -> None:  # fault 37
    assert event_of(operation, Row(step, "done", 1, 1, "applied", "put it back")) == event
    assert event_of(operation, Row(step, "done", 1, 1, "nothing to change")) is None


def test_that_a_cluster_is_healthy_is_news_each_time() -> None:
    row = Row("validate cluster", "done", 1, 1, "3 nodes ready")

    assert event_of("update cluster", row) == "kled.cluster.healthy"


def test_a_step_in_a_chain_of_somebody_else_is_announced_as_what_it_is() -> None:
    row = Row("update cluster", "done", 1, 1, "applied", "put it back")

    assert event_of("create and release", row) == "kled.cluster.updated"
    assert (
        event_of("create and release", Row("prove that nothing is left", "done", 1, 1, "")) is None
    )


def test_each_step_that_is_announced_is_a_step_of_an_operation() -> None:
    """To rename a step would silence its event."""
    texts = {
        node.value
        for path in Path(kled.operations.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }

    assert texts >= STEPS
