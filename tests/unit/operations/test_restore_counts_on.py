"""Finding 6: no text that was exported before a restore is stored over what came after it."""

from dataclasses import replace

import pytest

from kled import yaml_text
from kled.errors import ClusterDiffers
from kled.operations.cluster.edited_text import require_newest
from kled.operations.recovery.restore_state import RestoreState
from kled.operations.snapshots.many_clusters import back_up
from kled.operations.stores import Stores
from kled.snapshot.progress import Quiet
from tests.unit.operations.test_restore_state import CLOCK, CLUSTER, World, world
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

    again = RestoreState(wish)
    world.restore(again)

    assert again.results[0]["replaced"] == 0
    assert stored(world, key) == once != yaml_text.document(taken)


def test_what_is_lost_comes_back_byte_for_byte(world: World) -> None:
    taken = write(world, "config", "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world))
    path = world.root / "state" / CLUSTER / "config"
    path.unlink()

    world.restore(RestoreState(wish))

    assert path.read_bytes() == taken


def test_a_copy_elsewhere_is_byte_for_byte(world: World) -> None:
    taken = write(world, "config", "stable", 1)
    wish = replace(world.wish, snapshot=snapshotted(world), to=(world.root / "other").as_uri())

    world.restore(RestoreState(wish))

    assert (world.root / "other" / CLUSTER / "config").read_bytes() == taken
