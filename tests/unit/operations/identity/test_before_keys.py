"""A definition that was never applied is no recovery point of a cluster that was (look 2, 4)."""

import shutil
from typing import Any

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.operations.checks.kept_keys import kept_keys_checks
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.taken_snapshot import take_snapshot
from kled.operations.recovery.restorable import require_trusted
from kled.operations.recovery.restore_state import RestoreState, Wish, settle
from kled.operations.snapshots import list_snapshots, verify
from kled.snapshot.choosing import LATEST, choose
from kled.snapshot.progress import Quiet
from kled.snapshot.trust.before_keys import MAYBE, WORDS
from kled.snapshot.trust.judging import judge_all, read_listing
from tests.unit.operations.identity.test_identity import C, World
from tests.unit.operations.identity.test_new_keys import Making, world

__all__ = ["world"]


def took(world: World) -> str:
    found = take_snapshot(world.session(), C)
    assert found is not None
    return found.snapshot or ""


def apply(world: World) -> None:
    """Let a bare kops make the keys: no snapshot has them."""
    assert isinstance(world.kops, Making)
    world.kops.cluster.update(C)


def rows(world: World, **more: Any) -> list[dict[str, Any]]:
    session = world.session()
    kept, state = session.snapshot_store, session.stores.remembering
    return verify.verify_snapshots(
        session.settings, kept, level=1, progress=Quiet(), state=state, **more
    )


def listed(world: World) -> dict[str, tuple[str, ...]]:
    session = world.session()
    found = list_snapshots.list_snapshots(session.snapshot_store, None, session.stores.remembering)
    return {one.id: one.reasons for one in found}


def latest(world: World) -> str:
    session = world.session()
    state = session.stores.remembering
    return choose(session.snapshot_store, C, LATEST, state=state).id


def damage(world: World, snapshot: str, file: str) -> None:
    (path,) = (world.root / "snapshots").rglob(f"{snapshot}/{file}")
    path.write_bytes(b"damage")


def test_a_cluster_that_is_only_defined_has_a_recovery_point(world: World) -> None:
    first = took(world)
    shutil.rmtree(world.root / "state" / C)

    assert latest(world) == first
    world.run(RestoreState(Wish(C, LATEST)))
    assert (world.root / "state" / C / "config").exists()
    assert [row["trustworthy"] for row in rows(world)] == [True]


def test_keys_that_only_the_state_store_has_are_told_of(world: World) -> None:
    first = took(world)
    apply(world)

    assert [row["findings"] for row in rows(world)] == [[WORDS]]
    assert listed(world) == {first: (WORDS,)}
    with pytest.raises(SnapshotNotTrustworthy, match="it has no keysets"):
        latest(world)
    (told,) = kept_keys_checks(world.session().stores, [C])
    assert told.fails
    assert told.detail == f"no trusted snapshot has them: of {first}: {WORDS}"
    assert told.hint == f"kled snapshot create --name={C}"
    took(world)
    assert kept_keys_checks(world.session().stores, [C]) == []


def test_the_next_update_cures_it_by_itself(world: World) -> None:
    """As fleets do that an earlier kled backed up."""
    first = took(world)
    apply(world)
    world.kops.changes = []

    world.run(UpdateCluster(C))

    assert latest(world) > first
    assert [row["trustworthy"] for row in rows(world)] == [True]


@pytest.mark.parametrize(("file", "words"), [("state.tar*", WORDS), ("manifest.json", MAYBE)])
def test_latest_does_not_fall_back_behind_the_keys(world: World, file: str, words: str) -> None:
    """The newest is damaged, and the state store is lost: nothing but it had the keys."""
    first = took(world)
    apply(world)
    damage(world, took(world), file)
    shutil.rmtree(world.root / "state" / C)

    with pytest.raises(SnapshotNotTrustworthy) as caught:
        latest(world)

    assert words in caught.value.message
    assert listed(world)[first] == (words,)


def test_by_its_id_it_takes_that_somebody_says_so(world: World) -> None:
    first = took(world)
    apply(world)
    took(world)
    shutil.rmtree(world.root / "state" / C)
    opened = world.session().stores

    with pytest.raises(SnapshotNotTrustworthy, match="it has no keysets"):
        require_trusted(settle(opened, Wish(C, first)))

    require_trusted(settle(opened, Wish(C, first, untrusted=True)))
    require_trusted(settle(opened, Wish(C, first, classes=("intent",))))  # takes no key along


def test_retention_does_not_prefer_it_to_one_with_keys(world: World) -> None:
    """Another member: in each period the trusted one is kept, whatever the other holds."""
    took(world)
    apply(world)
    (world.root / "state" / C / "instancegroup/nodes").unlink()  # it is level 0, and has the keys
    with_keys = take_snapshot(world.session(), C, refuses=False)
    assert with_keys is not None

    kept = world.session().snapshot_store
    assert [one.trust.trusted for one in judge_all(kept, read_listing(kept))] == [False, False]
