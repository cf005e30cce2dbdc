"""A state store that is not mounted is no place for a first cluster. Fault 8, another member."""

import shutil

import pytest

from kled.errors import NotApproved
from kled.operations.guards.emptied_store import require_none_gone
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.session import Session
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from tests.sites import CLOCK, WHO
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world

__all__ = ["world"]


def look(world: World, overrides: Overrides = NOTHING) -> None:
    session = Session(world.settings, None, CLOCK, WHO, None, overrides=overrides)
    require_none_gone(session, "new.example.com")


def empty(world: World) -> None:
    shutil.rmtree(world.root / "state")
    (world.root / "state").mkdir()


def test_clusters_that_snapshots_know_are_missed(world: World) -> None:
    empty(world)

    with pytest.raises(NotApproved, match=f"its snapshots know {CLUSTER}") as refused:
        look(world)

    assert "is it mounted" in str(refused.value.hint)
    look(world, Overrides(no_epoch=True))


@pytest.mark.parametrize("unregistered", [False, True])
def test_clusters_that_kled_deleted_are_not(world: World, *, unregistered: bool) -> None:
    kept, url = Stores(world.settings, CLOCK).snapshots, (world.root / "state").as_uri()
    epoch.check(kept, CLUSTER, url)
    epoch.announce_end(kept, CLUSTER, url, ends=not unregistered, unregistered=unregistered)
    if not unregistered:
        epoch.vacate(kept, CLUSTER, url)
    empty(world)

    look(world)


def test_a_store_that_was_always_empty_is_for_a_first_cluster(world: World) -> None:
    shutil.rmtree(world.root / "snapshots")
    (world.root / "snapshots").mkdir()
    empty(world)

    look(world)
