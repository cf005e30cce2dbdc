"""A restore of `latest` that was killed goes on when it is typed again (a member of fault 19).

What was there before has a snapshot by then, which is the newest and can be trusted: `latest` was
that one, so that the same command restored nothing, and ended with 0.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kled.errors import DocumentDamaged, KledError, NotApproved, SnapshotNotTrustworthy
from kled.operations.guards.before_change import snapshot_step
from kled.operations.guards.final_snapshot import final_step
from kled.operations.guards.overrides import Overrides
from kled.operations.records.open_restore import RECORD
from kled.operations.recovery import restore_state
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import run_to_end
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.plan_snapshots import PlanRestore
from kled.operations.step import attempt
from tests.unit.operations.recovery.killed_restores import (
    DAMAGE,
    GOOD,
    LOST,
    C,
    Killed,
    World,
    at_config,
)

LATEST = Wish(C, "latest")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_typed_again_it_restores_what_it_was_to_restore(world: World) -> None:
    world.halfway()
    assert not world.is_restored()

    said = world.restore()

    assert world.is_restored()
    assert f"snapshot {world.good};" in said
    assert f"what was there before the restore of {world.good}, which has begun" in said


def test_killed_twice_it_goes_on_and_what_was_there_first_is_the_way_back(world: World) -> None:
    world.halfway()
    first = world.on_record()
    assert world.killed(at_config, world.restore)
    assert world.on_record() == first

    world.restore()

    assert world.is_restored()
    world.restore(first.before or "")
    assert {key: world.path(key).read_bytes() for key in DAMAGE} == DAMAGE


def test_killed_right_before_it_is_noted_to_have_ended_nothing_is_left_to_write(
    world: World,
) -> None:
    def second_note(_number: int, line: str) -> bool:
        return line == f"put {RECORD.key(C)}" and any(
            "/config" in one for one in world.life.written
        )

    assert world.killed(second_note, world.restore)
    assert world.is_restored()

    assert "0 objects to write" in world.restore()
    assert world.is_restored()
    assert world.on_record().state == "ended"


def test_typed_again_when_it_has_ended_it_takes_nothing_back(world: World) -> None:
    """The terminal was closed, or somebody wants to be sure: `latest` was the damage by then."""
    world.restore()

    for _ in range(2):
        assert "0 objects to write" in world.restore()

    assert world.is_restored()


def test_when_it_has_ended_the_next_backup_is_latest(world: World) -> None:
    world.restore()
    after = world.backup()
    world.write(DAMAGE)

    said = world.restore()

    assert f"snapshot {after}" in said
    assert world.path("config").read_bytes() == GOOD["config"]


def test_a_backup_between_is_not_latest_and_says_why(world: World) -> None:
    """It holds a part of the snapshot over the damage, each object whole."""
    world.halfway()

    report = run_to_end(BackUpState(), world.session())

    assert isinstance(report.error, SnapshotNotTrustworthy)
    assert "a restore had begun and had not ended" in str(report.error)
    assert RECORD.key(C) in str(report.error.hint)
    assert report.result is not None
    (row,) = report.result.rows
    assert f"--snapshot={world.good} --yes" in str(row["mend"])
    assert row["id"] != world.good
    assert "may mix two states" in world.restore()
    assert world.is_restored()


def test_the_first_backup_after_it_has_ended_can_be_trusted_though_nothing_is_new(
    world: World,
) -> None:
    def second_note(_number: int, line: str) -> bool:
        return line == f"put {RECORD.key(C)}" and any(
            "/config" in one for one in world.life.written
        )

    assert world.killed(second_note, world.restore)
    between = world.backup()
    world.restore()

    after = world.backup()

    assert after != between
    assert "snapshot " + after in world.restore()


def test_what_is_half_restored_is_not_applied(world: World) -> None:
    world.halfway()

    with pytest.raises(SnapshotNotTrustworthy, match="may mix two states") as refused:
        attempt(snapshot_step(C, needs_trusted=True, refuses=True), world.session())

    assert f"--snapshot={world.good} --yes" in str(refused.value.hint)


def test_what_is_half_restored_is_not_deleted_and_says_what_lets_it_go_on(world: World) -> None:
    world.halfway()

    with pytest.raises(SnapshotNotTrustworthy, match="a restore had begun") as refused:
        attempt(final_step(C), world.session())

    assert f"--snapshot={world.good} --yes" in str(refused.value.hint)
    assert "--no-snapshot deletes the cluster all the same" in str(refused.value.hint)


def test_what_the_snapshot_lacks_is_deleted_by_the_same_command(world: World) -> None:
    exact = replace(LATEST, delete_extra=True)
    extra = world.path("pki/ssh/public/admin/added")
    world.life.anew(lambda _, line: line.startswith("delete ") and "/ssh/" in line)
    with pytest.raises(Killed):
        world.restore(wish=exact)
    world.life.anew()
    assert extra.exists()

    world.restore(wish=exact)

    assert not extra.exists()
    assert world.is_restored()


def test_another_clusters_restore_between_changes_nothing(world: World) -> None:
    other = "second.example.com"
    world.write(
        {key: body.replace(C.encode(), other.encode()) for key, body in GOOD.items()}, other
    )
    world.run(BackUpState((other,)))
    world.halfway()
    (world.root / "state" / other / "kops-version.txt").unlink()

    world.run(RestoreState(Wish(other, "latest")))

    assert (world.root / "state" / other / "kops-version.txt").exists()
    world.restore()
    assert world.is_restored()


def test_a_preview_shows_what_goes_on(world: World) -> None:
    world.halfway()

    report: Any = world.run(PlanRestore(LATEST))

    plan, meant = report.result
    assert plan.manifest.id == meant.wish.snapshot == world.good
    assert [write.record.key for write in plan.writes] == ["config"]
    assert any("has begun and has not ended" in words for words in meant.passed_over)


def test_the_approval_of_the_whole_plan_is_one_of_what_is_left(world: World) -> None:
    digest = restore_state.plan(world.stores(), LATEST).digest
    assert world.killed(at_config, lambda: world.restore(digest=digest[:12]))

    world.restore(digest=digest[:12])

    assert world.is_restored()


def test_the_approval_is_none_of_what_somebody_else_wrote_meanwhile(world: World) -> None:
    digest = restore_state.plan(world.stores(), LATEST).digest
    assert world.killed(at_config, lambda: world.restore(digest=digest[:12]))
    world.path("config").write_bytes(b"another's")

    with pytest.raises(NotApproved, match="the plan is"):
        world.restore(digest=digest[:12])

    assert world.path("config").read_bytes() == b"another's"


@pytest.mark.parametrize("classes", [("intent",), ("intent", "identity")])
def test_a_part_of_it_goes_on_as_a_part(world: World, classes: tuple[str, ...]) -> None:
    part = replace(LATEST, classes=classes)
    assert world.killed(at_config, lambda: world.restore(wish=part))

    world.restore(wish=part)

    assert world.path("config").read_bytes() == GOOD["config"]
    assert not world.path(LOST[0]).exists()


def test_more_than_was_begun_names_both(world: World) -> None:
    part = replace(LATEST, classes=("intent",))
    assert world.killed(at_config, lambda: world.restore(wish=part))
    begun = world.on_record()

    with pytest.raises(NotApproved) as refused:
        world.restore()

    for snapshot in (begun.snapshot, begun.before):
        command = f"kled snapshot restore --name={C} --snapshot={snapshot}"
        assert command in str(refused.value.hint)


def test_a_part_that_is_restored_between_leaves_the_whole_open(world: World) -> None:
    world.halfway()

    world.restore(wish=Wish(C, world.good, classes=("intent",)))

    assert world.on_record().is_halfway
    world.restore()
    assert world.is_restored()


def test_latest_after_an_id_was_begun_names_both(world: World) -> None:
    world.halfway(world.good)

    with pytest.raises(NotApproved, match="which of the two is meant is not sure"):
        world.restore()

    world.restore(world.good)
    assert world.is_restored()
    assert not world.is_on_record()


def test_an_id_that_is_named_goes_on_and_latest_stays_what_it_was(world: World) -> None:
    world.halfway()

    world.restore(world.good)

    assert world.is_restored()
    assert "0 objects to write" in world.restore()


def test_a_snapshot_that_nobody_marked_names_both(world: World) -> None:
    """An earlier kled takes it, which knows of no record."""
    world.halfway()
    begun = RECORD.read(world.session(), C)
    RECORD.forget(world.session(), C)
    unmarked = world.backup()
    RECORD.write(world.session(), C, begun or pytest.fail("it is not on record"))

    with pytest.raises(NotApproved) as refused:
        world.restore()

    assert world.good in str(refused.value.hint)
    assert unmarked in str(refused.value.hint)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"format": "kled.io/restore/v9"}'])
def test_a_damaged_record_is_not_dropped_and_an_id_writes_it_anew(
    world: World, body: bytes
) -> None:
    world.halfway()
    (world.root / "state" / RECORD.key(C)).write_bytes(body)

    with pytest.raises(DocumentDamaged) as refused:
        world.restore()
    assert RECORD.key(C) in refused.value.message
    with pytest.raises(SnapshotNotTrustworthy, match="a restore had begun"):
        world.run(BackUpState())

    world.restore(world.good)
    assert world.is_restored()
    assert not world.is_on_record()


def test_a_forged_record_lets_latest_be_no_older_than_it_was(world: World) -> None:
    """Whoever writes to the state store could name any snapshot in it."""
    world.write({"config": GOOD["config"]})
    second = world.backup()
    world.write(DAMAGE)
    world.halfway()
    begun = world.on_record()
    assert begun.snapshot == second
    RECORD.write(world.session(), C, replace(begun, snapshot=world.good))

    with pytest.raises(NotApproved, match="which of the two is meant is not sure"):
        world.restore()


def test_without_a_snapshot_before_latest_stays_what_it_was(world: World) -> None:
    plain = Overrides(no_snapshot=True)
    restore = RestoreState(LATEST)
    assert world.killed(at_config, lambda: world.run(restore, plain))

    world.run(RestoreState(LATEST), plain)

    assert world.is_restored()
    assert not world.is_on_record()


def test_a_copy_elsewhere_goes_on_though_a_backup_came_between(world: World) -> None:
    """Its source has a newer snapshot by then: half of each would be in the copy."""
    wish = replace(LATEST, to=world.url("other"))
    assert world.killed(at_config, lambda: world.restore(wish=wish))
    world.backup()

    with pytest.raises(NotApproved, match="which of the two is meant is not sure"):
        world.restore(wish=wish)

    world.restore(wish=replace(wish, snapshot=world.good))
    assert world.is_restored(store="other")


def test_a_place_within_another_has_no_record(world: World) -> None:
    world.restore(wish=replace(LATEST, prefix="copies/of-it", to=world.url("other")))

    assert world.is_restored("copies/of-it", "other")
    assert not (world.root / "other" / ".kled" / "restores").exists()


def test_a_restore_that_fails_says_that_the_same_command_goes_on(world: World) -> None:
    world.path("config").unlink()
    world.path("config").mkdir()  # nothing can be written there

    with pytest.raises(KledError) as failed:
        world.restore()

    assert "the same command goes on with it" in str(failed.value.hint)
