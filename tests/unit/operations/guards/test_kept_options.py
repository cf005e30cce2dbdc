"""What a deletion says of the way back names the snapshot in the words that it takes."""

from kled.operations.guards.final_snapshot import kept_options
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session
from tests.sites import CLOCK, WHO
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world

__all__ = ["world"]


def kept(world: World) -> dict[str, object]:
    return kept_options(Session(world.settings, None, CLOCK, WHO, None, overrides=NOTHING), CLUSTER)


def test_the_newest_trusted_one_is_named_as_people_type_it(world: World) -> None:
    assert kept(world) == {"snapshot": "latest"}


def test_where_none_can_be_trusted_its_id_is_named_with_the_word_that_it_takes(
    world: World,
) -> None:
    """`latest` was named, and typed it ended with 4."""
    (manifest,) = (world.root / "snapshots" / "clusters" / CLUSTER).rglob("manifest.json")
    manifest.write_bytes(manifest.read_bytes()[:-9])

    assert kept(world) == {"snapshot": world.wish.snapshot, "untrusted": True}


def test_without_a_snapshot_there_is_nothing_better_to_name(world: World) -> None:
    for path in (world.root / "snapshots" / "clusters" / CLUSTER).rglob("*"):
        if path.is_file():
            path.unlink()

    assert kept(world) == {"snapshot": "latest"}
