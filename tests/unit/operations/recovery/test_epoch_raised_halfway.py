"""Raising an epoch takes the new home's first snapshot: `latest` is that one from then on."""

from pathlib import Path

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.operations.recovery.raise_epoch import FIRST, RaiseEpoch
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.snapshots.back_up import BackUpState
from kled.snapshot.epoch import epoch
from kled.snapshot.epoch.epoch import Epoch
from tests.unit.operations.recovery.killed_restores import C, World
from tests.unit.snapshot import fleets


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def known(world: World) -> Epoch | None:
    return epoch.read(world.session().snapshot_store, C)


def test_the_history_goes_on_where_no_epoch_was_known_before(world: World) -> None:
    """A member of fault 19: its last step asked for `latest` again, which was another by then."""
    world.run(RestoreState(Wish(C, world.good, to=world.url("other"))))

    left = world.url("state")
    world.run(RaiseEpoch(C, state_store=world.url("other"), former=left))

    found = known(world)
    assert found is not None
    assert found.homes == (world.url("state"),)


def test_typed_again_after_the_first_snapshot_there_it_does_the_same(world: World) -> None:
    world.run(RestoreState(Wish(C, world.good, to=world.url("other"))))
    raising = RaiseEpoch(C, state_store=world.url("other"), former=world.url("state"))
    assert world.killed(lambda _, line: line.endswith("/epoch.json"), lambda: world.run(raising))
    assert known(world) is None

    world.run(raising)

    found = known(world)
    assert found is not None
    assert (found.state_store, found.homes) == (world.url("other"), (world.url("state"),))


def test_the_way_back_of_a_move_raises_no_alarm_that_its_next_step_settles(world: World) -> None:
    """The snapshot is taken before the epoch says that the cluster lives there again."""
    world.restore(world.good)
    old, new = world.url("state"), world.url("other")
    world.run(RestoreState(Wish(C, world.good, to=new)))
    world.run(RaiseEpoch(C, snapshot=world.good, state_store=new, former=old))
    world.run(BackUpState(), state="other")

    back = world.run(RaiseEpoch(C, snapshot=world.good, state_store=old, former=new))

    (taken,) = [row.words for row in back.rows if row.step == FIRST]
    assert "CANNOT BE TRUSTED" not in taken
    home = known(world)
    assert home is not None
    assert home.state_store == old


def test_a_place_does_not_prove_itself(world: World) -> None:
    """A backup of another cluster of that name was `latest`, and its own place has its keys."""
    for key, body in fleets.objects(2, backups=1).items():
        path = world.path(key, store="other")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.replace(fleets.name(2).encode(), C.encode()))
    world.run(BackUpState(), state="other")

    with pytest.raises(SnapshotNotTrustworthy, match="is not the cluster of snapshot"):
        world.run(RaiseEpoch(C, state_store=world.url("other")))

    assert known(world) is None


def test_a_place_whose_snapshots_are_all_there_are_may_be_said_to_be_home(world: World) -> None:
    world.run(RaiseEpoch(C))

    found = known(world)
    assert found is not None
    assert found.state_store == world.url("state")
