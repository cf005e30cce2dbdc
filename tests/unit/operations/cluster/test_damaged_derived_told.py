"""A plan says what machines that start now cannot use; the update that it is of mends it."""

from typing import Any

import pytest

from kled.operations.cluster.plan_update import preview_update
from kled.operations.cluster.update_cluster import UpdateCluster
from tests.unit.operations.identity.test_identity import C, World, world

__all__ = ["world"]

NODES = "igconfig/node/nodes/nodeupconfig.yaml"


def notes_of_a_plan(world: World) -> list[str]:
    session: Any = world.session()
    notes: list[str] = []
    session.note = notes.append
    preview_update(session, UpdateCluster(C))
    return notes


@pytest.mark.parametrize("key", [NODES, "cluster-completed.spec"])
def test_a_plan_names_what_is_damaged(world: World, key: str) -> None:
    world.put(key, b"")

    (words,) = (one for one in notes_of_a_plan(world) if key in one)

    assert words.startswith(f"{key} is empty: machines that start cannot use it")


def test_a_plan_of_what_is_whole_says_nothing(world: World) -> None:
    world.put(NODES, b"ClusterName: c001.example.com\n")

    assert not [one for one in notes_of_a_plan(world) if "machines that start" in one]
