"""What a restore says to type next works in the place that it has written to."""

from dataclasses import replace
from pathlib import Path

import pytest

from kled.operations.recovery.after_restore import next_commands
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from tests.sites import CLOCK
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_of_a_copy_it_is_a_look_since_its_update_is_refused(world: World) -> None:
    """A drill's restore named an update, which ends with 6."""
    stores, other = Stores(world.settings, CLOCK), (world.root / "other").as_uri()
    home = world.settings.state_store or ""
    copy = replace(world.wish, to=other)
    updates = (
        "its plan must show no new Keypair before you apply it",
        f"next: kled kops update-cluster --name={CLUSTER} --state={other}",
    )
    assert next_commands(stores, copy) == updates, "no epoch says where it lives"

    epoch.check(stores.snapshots, CLUSTER, home)

    assert next_commands(stores, copy) == (
        f"it is a copy: the cluster lives in {home}, and changes here are refused",
        f"next: kled snapshot diff --name={CLUSTER} --state={other} {copy.snapshot} live",
    )
    epoch.advance(stores.snapshots, CLUSTER, other, of=home)
    assert next_commands(stores, copy) == updates


def test_at_home_it_is_the_update(world: World) -> None:
    told = next_commands(Stores(world.settings, CLOCK), world.wish)

    assert told[-1] == f"next: kled kops update-cluster --name={CLUSTER}"
