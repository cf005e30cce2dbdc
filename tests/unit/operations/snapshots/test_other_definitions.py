"""A way back leads to an earlier definition of the place where the cluster lives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kled.operations import ways_back
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session
from kled.operations.snapshots.back_up import back_up
from kled.operations.snapshots.definitions_in_snapshots import newest_other
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from tests.unit.operations.recovery.test_restore_state import CLOCK, CLUSTER, WHO, World
from tests.unit.snapshot import fleets

if TYPE_CHECKING:
    from pathlib import Path

    from kled.config import Settings

SPOT = fleets.group("role: Node, maxSize: 3").replace(b"name: nodes", b"name: spot")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def in_store(world: World, name: str) -> Settings:
    url = (world.root / name).as_uri()
    environment = {**world.settings.environment, "KOPS_STATE_STORE": url}
    return replace(world.settings, environment=environment, state_store=url)


def backed_up(settings: Settings) -> Session:
    """A run that has just taken a snapshot."""
    session = Session(settings, None, CLOCK, WHO, None, overrides=NOTHING)
    done = back_up(Stores(settings, CLOCK), [CLUSTER], progress=Quiet())
    session.before = done.clusters[0].snapshot
    assert session.before
    return session


def test_a_definition_of_the_same_place_is_one(world: World) -> None:
    world.write("state", {"instancegroup/spot": SPOT})
    session = backed_up(world.settings)

    other = newest_other(session, CLUSTER, session.before or "")

    assert other is not None
    assert (other.id, other.new_groups) == (world.wish.snapshot, ("spot",))


def test_a_definition_that_names_the_former_place_is_none(world: World) -> None:
    """It would be written over the moved one, and point to a bucket that is gone."""
    world.write("other", {**fleets.objects(1), "instancegroup/spot": SPOT})
    moved = in_store(world, "other")
    stores = Stores(moved, CLOCK)
    left = world.settings.state_store or ""
    epoch.check(stores.snapshots, CLUSTER, left)
    epoch.advance(stores.snapshots, CLUSTER, moved.state_store or "", of=left)
    session = backed_up(moved)

    assert newest_other(session, CLUSTER, session.before or "") is None
    assert ways_back.of_update(session, CLUSTER).startswith("none: ")


def test_a_definition_from_before_a_member_of_etcd_moved_is_none(world: World) -> None:
    """The update after its restore would be refused, and with it every change."""
    for member in "ab":
        etcds = f"etcdClusters: [{{name: main, etcdMembers: [{{name: {member}}}]}}], ".encode()
        config = fleets.objects(1)["config"].replace(b"spec: {", b"spec: {" + etcds)
        world.write("state", {"config": config})
        session = backed_up(world.settings)

    for told in (ways_back.of_update(session, CLUSTER), ways_back.of_roll(session, CLUSTER)):
        assert "none: the definition before does not name " in told
        assert "kled snapshot restore" not in told
