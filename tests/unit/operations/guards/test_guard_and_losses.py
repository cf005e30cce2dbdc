"""No change lets it go unnoticed that the snapshot store was emptied, set back or swapped."""

import json
import shutil
from pathlib import Path

import pytest

from kled.errors import KledError, SnapshotMissing, SnapshotNotTrustworthy
from kled.operations.guards.guards import APPLIES, CREATES, DELETES, EDITS, ROLLS, Guards
from kled.operations.guards.overrides import Overrides
from kled.operations.recovery.restore_state import RESTORES
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.remembered_stores import say_all_gone
from kled.operations.snapshots.store_state import state_of
from kled.operations.step import Step
from tests.unit.operations.guards.test_guard import CLUSTER, Change, World
from tests.unit.snapshot import fleets

REFUSE = (APPLIES, ROLLS, CREATES, DELETES)
GO_ON = (EDITS, RESTORES)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A cluster that was backed up, and its store set aside."""
    for store in ("state", "snapshots"):
        (tmp_path / store).mkdir()
    world = World(tmp_path)
    world.put(fleets.objects(1))
    run(BackUpState(), world.session())
    return world


def files(world: World) -> list[str]:
    root = world.root / "snapshots"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def remembered(world: World) -> list[object]:
    return [
        json.loads(path.read_bytes())
        for path in (world.root / "state" / ".kled" / "snapshots").iterdir()
    ]


def empty(world: World) -> None:
    (world.root / "snapshots").rename(world.root / "away")
    (world.root / "snapshots").mkdir()


def set_back(world: World) -> None:
    shutil.copytree(world.root / "snapshots", world.root / "earlier")
    world.put({"instancegroup/nodes": fleets.group("maxSize: 9")})
    run(BackUpState(), world.session())
    shutil.rmtree(world.root / "snapshots")
    (world.root / "earlier").rename(world.root / "snapshots")


@pytest.mark.parametrize("guards", [*REFUSE, *GO_ON])
@pytest.mark.parametrize("overrides", [Overrides(), Overrides(no_snapshot=True)])
def test_no_change_begins_an_emptied_store_anew(
    world: World, guards: Guards, overrides: Overrides
) -> None:
    seen = remembered(world)
    empty(world)
    change = Change(world, guards=guards)

    with pytest.raises(SnapshotNotTrustworthy, match=r"is empty, and run .* was written there"):
        run(change, world.session(overrides=overrides))

    assert (change.reached, files(world), remembered(world)) == (0, [], seen)
    with pytest.raises(SnapshotMissing, match="is empty, and run"):
        run(BackUpState(), world.session())


@pytest.mark.parametrize("guards", REFUSE)
def test_a_change_is_refused_where_the_store_was_set_back(world: World, guards: Guards) -> None:
    set_back(world)
    seen, there, change = remembered(world), len(world.manifests()), Change(world, guards=guards)

    with pytest.raises(SnapshotNotTrustworthy, match="the state store remembers run") as raised:
        run(change, world.session())

    assert raised.value.exit_code == 4
    assert (change.reached, len(world.manifests()), remembered(world)) == (0, there, seen)
    assert "settle it" not in str(raised.value.hint)  # only --anew does
    assert "kled snapshot create --all --anew" in str(raised.value.hint)


@pytest.mark.parametrize("guards", GO_ON)
def test_an_edit_and_a_restore_go_on_and_say_so_and_the_loss_is_told_of_afterwards(
    world: World, guards: Guards
) -> None:
    set_back(world)
    seen, change = remembered(world), Change(world, guards=guards)

    for reached in (1, 2):
        report = run(change, world.session())
        assert change.reached == reached
        assert "THE SNAPSHOT STORE MAY HAVE LOST SNAPSHOTS: the state store remembers" in (
            report.rows[1].words
        )
        assert remembered(world) == seen
    with pytest.raises(KledError, match="the state store remembers run") as raised:
        run(BackUpState(), world.session())
    assert raised.value.exit_code == 4


def test_the_first_snapshot_of_new_keys_is_taken_whatever_was_lost(world: World) -> None:
    """The store is set back while the cluster is made: its keys exist nowhere else."""

    class Creation(Change):
        def steps(self) -> tuple[Step, ...]:
            return (Step("create", self._create),)

        def _create(self, _session: Session) -> str:
            set_back(self.world)
            return ""

    report = run(Creation(world, guards=CREATES), world.session())

    assert report.rows[-1].step == "take the first snapshot"
    assert "MAY HAVE LOST SNAPSHOTS" in report.rows[-1].words


def test_the_doctor_says_what_a_backup_says(world: World) -> None:
    set_back(world)
    with pytest.raises(SnapshotNotTrustworthy, match="the state store remembers run"):
        state_of(world.session().stores)
    shutil.rmtree(world.root / "snapshots")
    (world.root / "snapshots").mkdir()
    with pytest.raises(SnapshotMissing, match=r"is empty, and run .* was written there"):
        state_of(world.session().stores)
    assert files(world) == []


def test_the_doctor_names_the_clusters_of_an_emptied_state_store(world: World) -> None:
    shutil.rmtree(world.root / "state")
    (world.root / "state").mkdir()

    told = say_all_gone(world.session().stores)

    assert told is not None
    assert f'cluster "{CLUSTER}" is gone from' in told
    assert "kled snapshot restore" in told
