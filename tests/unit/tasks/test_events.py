"""What Prefect is told of a cluster, and what it is not."""

from datetime import timedelta
from typing import Final

import pytest

from kled.models.cluster_event import ClusterEvent
from kled.models.rolling import Roll
from kled.operations.cluster import nothing_left, update_cluster
from kled.operations.health import validate_cluster
from kled.operations.instance_group import scale_instance_group
from kled.operations.instance_group.scaling_moves import Target
from kled.operations.roll import roll_cluster
from kled.operations.roll.roll_cluster import Pace
from kled.operations.runner import Row
from kled.operations.step import Step
from tasks.running.events import event_of, name_of

C: Final = "c.example.com"
ANNOUNCED: Final = [
    (update_cluster.apply_step(C, new=True), "kled.cluster.created"),
    (update_cluster.apply_step(C), "kled.cluster.updated"),
    (roll_cluster.roll_step(C, Roll(), Pace()), "kled.cluster.rolled"),
    (scale_instance_group.wait_step(Target(C, "nodes", 1, 1)), "kled.cluster.scaled"),
    (validate_cluster.validate_step(C, timedelta(minutes=1)), "kled.cluster.healthy"),
    (nothing_left.proof_step(C, unregister=False), "kled.cluster.deleted"),
]


def row(event: ClusterEvent | None, way_back: str = "") -> Row:
    return Row("any", "done", 1, 1, "done", way_back, event)


@pytest.mark.parametrize(("step", "name"), ANNOUNCED, ids=[name for _, name in ANNOUNCED])
def test_a_step_says_itself_what_it_means_to_others(step: Step, name: str) -> None:
    event = event_of(row(step.event, "put it back"))

    assert event is not None
    assert name_of(event) == name


@pytest.mark.parametrize("event", [ClusterEvent.UPDATED, ClusterEvent.ROLLED])
def test_a_change_is_announced_where_there_was_one(event: ClusterEvent) -> None:  # fault 37
    assert event_of(row(event, "put it back")) is event
    assert event_of(row(event)) is None


def test_that_a_cluster_is_healthy_is_news_each_time() -> None:
    assert event_of(row(ClusterEvent.HEALTHY)) is ClusterEvent.HEALTHY


def test_a_cluster_that_is_unregistered_lives_on_and_is_not_announced_as_deleted() -> None:
    assert nothing_left.proof_step(C, unregister=True).event is None


def test_a_step_that_means_nothing_to_others_is_not_announced() -> None:
    assert event_of(row(None, "put it back")) is None
