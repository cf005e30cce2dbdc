"""Finding 6: no text that was exported before a restore is stored over what came after it."""

from dataclasses import replace
from typing import Any

import pytest

from kled import yaml_text
from kled.errors import ClusterDiffers
from kled.operations.cluster.edited_text import require_newest
from kled.operations.recovery.restore_state import RestoreState
from kled.operations.snapshots.back_up import back_up
from kled.operations.stores import Stores
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.restore.generations import LEAP
from tests.sites import CLOCK
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world
from tests.unit.snapshot import fleets

__all__ = ["world"]
KEYS = ("config", "instancegroup/nodes")


def write(world: World, key: str, value: str, count: int) -> bytes:
    kind = "Cluster" if key == "config" else "InstanceGroup"
    name = CLUSTER if key == "config" else "nodes"
    body = (
        f"{fleets.API}kind: {kind}\nmetadata:\n  creationTimestamp: '2026-11-23T14:50:31Z'\n"
        f"  generation: {count}\n  name: {name}\nspec:\n  channel: {value}\n"
    ).encode()
    world.write("state", {key: body})
    return body


def stored(world: World, key: str) -> dict[str, object]:
    found = yaml_text.document((world.root / "state" / CLUSTER / key).read_bytes())
    assert isinstance(found, dict)
    return found


def snapshotted(world: World) -> str:
    done = back_up(Stores(world.settings, CLOCK), [CLUSTER], progress=Quiet())
    return done.clusters[0].snapshot or ""


@pytest.mark.parametrize("key", KEYS)
def test_a_text_from_before_a_restore_is_an_old_one_after_it(world: World, key: str) -> None:
    write(world, key, "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world))
    exported = yaml_text.document(write(world, key, "alpha", 2))
    assert isinstance(exported, dict)

    world.restore(RestoreState(wish))

    after = stored(world, key)
    assert after["spec"] == {"channel": "stable"}
    with pytest.raises(ClusterDiffers, match="generation 2, and the stored one has generation 3"):
        require_newest(exported, after)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lost", [True, False])
def test_a_restore_that_is_typed_again_writes_nothing(
    world: World, key: str, *, lost: bool
) -> None:
    taken = write(world, key, "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world))
    write(world, key, "alpha", 2)
    world.restore(RestoreState(wish))
    once = stored(world, key)

    again = world.restore(RestoreState(wish)).result.done

    assert again.replaced == 0
    assert stored(world, key) == once != yaml_text.document(taken)


def lose(world: World, key: str) -> None:
    (world.root / "state" / CLUSTER / key).unlink()


def edited(world: World, key: str, value: str) -> dict[str, Any]:
    """Write another spec with the next count, as kops does, and return it as it is exported."""
    text = yaml_text.document(write(world, key, value, count(world, key) + 1))
    assert isinstance(text, dict)
    return text


def count(world: World, key: str) -> int:
    metadata = stored(world, key)["metadata"]
    assert isinstance(metadata, dict)
    return int(metadata["generation"])


@pytest.mark.parametrize("key", KEYS)
def test_a_text_from_before_a_loss_is_an_old_one_after_the_restore(world: World, key: str) -> None:
    """The count began again, and the newer edit was lost."""
    write(world, key, "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world))
    exported = edited(world, key, "alpha")
    lose(world, key)

    world.restore(RestoreState(wish))
    restored = stored(world, key)
    edited(world, key, "beta")

    assert restored["spec"] == {"channel": "stable"}
    with pytest.raises(ClusterDiffers, match="generation 2, and the stored one has"):
        require_newest(exported, stored(world, key))


def test_so_it_is_with_a_group_that_is_restored_alone(world: World) -> None:
    key = "instancegroup/nodes"
    write(world, key, "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world), groups=("nodes",))
    exported = edited(world, key, "alpha")
    lose(world, key)

    world.restore(RestoreState(wish))
    edited(world, key, "beta")

    with pytest.raises(ClusterDiffers, match="generation 2, and the stored one has"):
        require_newest(exported, stored(world, key))


@pytest.mark.parametrize("key", KEYS)
def test_so_it_is_after_a_second_loss_and_a_restore_of_the_same_snapshot(
    world: World, key: str
) -> None:
    write(world, key, "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world))
    lose(world, key)
    world.restore(RestoreState(wish))
    snapshotted(world)  # as before each change
    exported = edited(world, key, "alpha")
    lose(world, key)

    world.restore(RestoreState(wish))
    edited(world, key, "beta")

    with pytest.raises(ClusterDiffers, match="and the stored one has generation"):
        require_newest(exported, stored(world, key))


@pytest.mark.parametrize("key", KEYS)
def test_after_a_restore_of_what_was_lost_nothing_is_left_to_do(world: World, key: str) -> None:
    write(world, key, "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world))
    lose(world, key)
    world.restore(RestoreState(wish))
    once = stored(world, key)

    again = world.restore(RestoreState(wish)).result.done

    assert (again.created, again.replaced) == (0, 0)
    assert stored(world, key) == once
    assert count(world, key) == 1 + LEAP


def test_a_copy_elsewhere_is_byte_for_byte(world: World) -> None:
    taken = write(world, "config", "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world), to=(world.root / "other").as_uri())

    world.restore(RestoreState(wish))

    assert (world.root / "other" / CLUSTER / "config").read_bytes() == taken


def test_what_was_deleted_comes_back_byte_for_byte_by_its_final_snapshot(world: World) -> None:
    taken = write(world, "config", "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world))
    snapshots = Stores(world.settings, CLOCK).snapshots
    home = (world.root / "state").as_uri()
    epoch.check(snapshots, CLUSTER, home)
    lose(world, "config")
    epoch.vacate(snapshots, CLUSTER, home)

    world.restore(RestoreState(wish))

    assert (world.root / "state" / CLUSTER / "config").read_bytes() == taken
