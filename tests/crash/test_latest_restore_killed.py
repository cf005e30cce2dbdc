"""A restore of `latest` that is killed at any write, and typed again, ends as an undisturbed one.

In one process: what dies is every write of it, so that nothing after the moment happens either. The
place has the very bytes of the snapshot then, though what was there before was taken, too (a member
of fault 19).
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.snapshot.epoch import epoch
from tests.unit.operations.recovery.killed_restores import C, World

pytestmark = pytest.mark.slow


def deaths(world: World, moment: Path, act: Callable[[], object]) -> range:
    """Return the numbers of all writes of what acts; the world is as it was then."""
    world.keep(moment)
    world.life.anew()
    act()
    return range(len(world.life.written))


def test_typed_again_it_writes_the_snapshot_whole(tmp_path: Path) -> None:
    world = World(tmp_path)
    moment = tmp_path / "moment"

    for at in deaths(world, moment, world.restore):
        world.again_from(moment)
        assert world.killed(lambda number, _, at=at: number == at, world.restore)  # type: ignore[misc]
        world.restore()
        assert world.is_restored(), f"killed at write {at}"
        assert "0 objects to write" in world.restore()
        assert world.is_restored(), f"killed at write {at}, and typed once more"


def test_killed_twice_with_a_backup_between_it_is_whole_in_the_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    moment = tmp_path / "moment"

    for at in deaths(world, moment, world.restore)[::2]:
        for second in (3, 8, 13):
            world.again_from(moment)
            world.killed(lambda number, _, at=at: number == at, world.restore)  # type: ignore[misc]
            if world.is_on_record():  # else the damage is what `latest` means
                world.backup()
            world.killed(lambda number, _, second=second: number == second, world.restore)  # type: ignore[misc]
            world.restore()
            assert world.is_restored(), f"killed at writes {at} and {second}"


def test_a_move_is_finished_by_the_same_command(tmp_path: Path) -> None:
    world = World(tmp_path)
    moment = tmp_path / "moment"

    def move() -> None:
        wish = Wish(C, "latest", to=world.url("other"))
        world.run(RestoreState(wish, raise_epoch=True))

    for at in deaths(world, moment, move):
        world.again_from(moment)
        assert world.killed(lambda number, _, at=at: number == at, move)  # type: ignore[misc]
        move()
        assert world.is_restored(store="other"), f"killed at write {at}"
        known = epoch.read(world.session().snapshot_store, C)
        assert known is not None
        assert known.state_store == world.url("other"), f"killed at write {at}"
