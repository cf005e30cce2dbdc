"""What comes before a change: the epoch and a snapshot, on directories as stores."""

import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from kled import config
from kled.errors import (
    BucketMissing,
    EpochMismatch,
    NotApproved,
    SnapshotNotTrustworthy,
    StoreUnavailable,
)
from kled.operations.guards.before_change import steps_of
from kled.operations.guards.guards import CREATES, DELETES, EDITS, READS, Guards
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import run
from kled.operations.session import Session, Who
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.step import Step
from kled.retry import Clock
from tests.unit.snapshot import fleets

CLUSTER = fleets.name(1)
WHO = Who("tester", "a run", timedelta(0))


@dataclass
class World:
    """Two state stores and a snapshot store."""

    root: Path

    def put(self, objects: dict[str, bytes], store: str = "state") -> None:
        for key, body in objects.items():
            path = self.root / store / CLUSTER / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def session(self, store: str = "state", overrides: Overrides = NOTHING, **more: str) -> Session:
        env = {
            "HOME": str(self.root),
            "KOPS_STATE_STORE": (self.root / store).as_uri(),
            "KLED_SNAPSHOT_STORE": (self.root / "snapshots").as_uri(),
        }
        clock = Clock(time.monotonic, lambda _: None)
        return Session(config.load(env | more), None, clock, WHO, None, overrides=overrides)

    def manifests(self) -> list[Path]:
        return sorted((self.root / "snapshots").rglob("manifest.json"))


@dataclass
class Change:
    """An operation that writes down whether it was reached; one that destroys removes the state."""

    world: World
    guards: Guards = EDITS
    reached: int = 0

    name = "change cluster"
    cluster = CLUSTER

    def steps(self) -> tuple[Step, ...]:
        def act(_session: Session) -> str:
            self.reached += 1
            if self.guards == DELETES:
                shutil.rmtree(self.world.root / "state" / CLUSTER)
            return "changed"

        return (Step("change", act),)


@pytest.fixture
def world(tmp_path: Path) -> World:
    for store in ("state", "other", "snapshots"):
        (tmp_path / store).mkdir()
    return World(tmp_path)


ETCD = Path(__file__).parents[3] / "captures" / "etcd" / "etcd-3.6.gz"


@pytest.fixture
def living(world: World) -> World:
    """A cluster whose etcd backups open."""
    world.put(fleets.objects(1))
    for backup in (world.root / "state" / CLUSTER).rglob("etcd.backup.gz"):
        backup.write_bytes(ETCD.read_bytes())
    return world


def test_a_change_comes_after_the_epoch_and_a_snapshot(living: World) -> None:
    report = run(Change(living), living.session())

    assert [row.step for row in report.rows] == ["check epoch", "take a snapshot", "change"]
    assert report.rows[1].words.endswith("(level 1); NOT ENCRYPTED")
    assert len(living.manifests()) == 1


def test_where_nothing_is_new_the_earlier_snapshot_counts(living: World) -> None:
    run(Change(living), living.session())

    report = run(Change(living), living.session())

    assert report.rows[1].words.startswith("nothing is new since ")
    assert len(living.manifests()) == 1


@pytest.mark.parametrize(
    ("overrides", "steps"),
    [
        (Overrides(no_snapshot=True), ["check epoch", "change"]),
        (Overrides(no_epoch=True), ["take a snapshot", "change"]),
        (Overrides(no_snapshot=True, no_epoch=True), ["change"]),
    ],
)
def test_each_guard_can_be_left_out(living: World, overrides: Overrides, steps: list[str]) -> None:
    report = run(Change(living), living.session(overrides=overrides))

    assert [row.step for row in report.rows] == steps


def test_what_was_made_is_kept_at_once(world: World) -> None:
    """Its CA keys exist nowhere else."""

    class Creation(Change):
        def steps(self) -> tuple[Step, ...]:
            return (Step("create", self._create),)

        def _create(self, _session: Session) -> str:
            self.world.put(fleets.objects(1))
            return ""

    report = run(Creation(world, guards=CREATES), world.session())

    assert [row.step for row in report.rows][-2:] == ["create", "take the first snapshot"]
    assert len(world.manifests()) == 1
    # a namesake's backup came before the first change
    assert "epoch 1, which begins now" in report.rows[-1].words


def test_without_a_snapshot_store_or_a_change_nothing_is_added(living: World) -> None:
    alone = living.session(KLED_SNAPSHOT_STORE="")

    assert [step.name for step in steps_of(Change(living), alone)] == ["change"]
    reading = steps_of(Change(living, guards=READS), living.session())
    assert [step.name for step in reading] == ["change"]


def test_a_cluster_that_lives_elsewhere_is_not_changed(living: World) -> None:
    living.put(fleets.objects(1), "other")
    run(Change(living), living.session())
    change = Change(living)

    with pytest.raises(EpochMismatch, match=r"lives in file://.*/state since epoch 1"):
        run(change, living.session("other"))

    assert change.reached == 0


def test_a_name_that_is_no_cluster_here_binds_it_nowhere(living: World) -> None:
    report = run(Change(living), living.session("other"))
    assert report.rows[0].words == "none yet: the cluster is not there"
    assert report.rows[1].words == "there is nothing to snapshot yet"

    assert run(Change(living), living.session()).rows[0].words.startswith("epoch 1")


def test_a_deleted_cluster_may_be_made_anew_in_another_state_store(living: World) -> None:
    report = run(Change(living, guards=DELETES), living.session())
    assert report.rows[-1].words == "the cluster may be made again anywhere"

    living.put(fleets.objects(1), "other")

    assert run(Change(living), living.session("other")).rows[0].words == "epoch 2"


def killed(world: World) -> None:
    """Delete the cluster, and die before its epoch ends."""

    class Dying(Change):
        def steps(self) -> tuple[Step, ...]:
            def die(_session: Session) -> str:
                shutil.rmtree(self.world.root / "state" / CLUSTER)
                raise KeyboardInterrupt

            return (Step("delete", die),)

    with pytest.raises(KeyboardInterrupt):
        run(Dying(world, guards=DELETES), world.session())


def test_a_deletion_killed_before_its_end_keeps_nobody_from_making_it_anew_elsewhere(
    living: World,
) -> None:
    killed(living)
    living.put(fleets.objects(1), "other")

    assert run(Change(living), living.session("other")).rows[0].words == "epoch 2"
    living.put(fleets.objects(1))
    with pytest.raises(EpochMismatch):
        run(Change(living), living.session())


def test_a_deletion_killed_before_its_end_keeps_nobody_from_making_it_anew_here(
    living: World,
) -> None:
    killed(living)
    change = Change(living)

    run(change, living.session())

    assert change.reached == 1


def test_a_deletion_that_was_announced_and_did_not_happen_binds_the_cluster_still(
    living: World,
) -> None:
    class Refused(Change):
        def steps(self) -> tuple[Step, ...]:
            def refuse(_session: Session) -> str:
                raise NotApproved("no")

            return (Step("delete", refuse),)

    with pytest.raises(NotApproved):
        run(Refused(living, guards=DELETES), living.session())
    living.put(fleets.objects(1), "other")
    with pytest.raises(EpochMismatch) as refusal:
        run(Change(living), living.session("other"))
    assert "a deletion that began there" in str(refusal.value.hint)

    run(Change(living), living.session())
    shutil.rmtree(living.root / "state" / CLUSTER)

    with pytest.raises(EpochMismatch):
        run(Change(living), living.session("other"))
    with pytest.raises(NotApproved, match="is gone from the state store"):
        run(Change(living), living.session())


def test_a_destroyed_clusters_snapshot_is_read_back_first(living: World) -> None:
    run(Change(living), living.session())
    (first,) = living.manifests()
    archive = first.with_name("state.tar.zst")
    archive.write_bytes(archive.read_bytes()[:-9] + b"corrupted")

    run(Change(living, guards=DELETES), living.session())

    assert len(living.manifests()) == 2


def test_a_cluster_is_not_destroyed_while_its_snapshot_was_removed_by_somebody(
    living: World,
) -> None:
    run(Change(living), living.session())
    shutil.rmtree(living.manifests()[0].parent)
    deletion = Change(living, guards=DELETES)

    with pytest.raises(SnapshotNotTrustworthy, match="no prune removed it"):
        run(deletion, living.session())
    assert deletion.reached == 0

    run(BackUpState((CLUSTER,), reuse=False), living.session())  # as the hint says
    run(deletion, living.session())
    assert len(living.manifests()) == 2


def test_a_cluster_that_no_snapshot_could_bring_back_is_not_destroyed(living: World) -> None:
    (living.root / "state" / CLUSTER / "pki/private/kubernetes-ca/keyset.yaml").unlink()
    change = Change(living, guards=DELETES)

    with pytest.raises(SnapshotNotTrustworthy, match="no keyset kubernetes-ca") as failure:
        run(change, living.session())

    assert "--no-snapshot" in str(failure.value.hint)
    assert change.reached == 0
    run(Change(living), living.session())
    with pytest.raises(SnapshotNotTrustworthy):
        run(change, living.session())


def test_a_snapshot_store_that_is_not_there_stops_the_change(living: World) -> None:
    (living.root / "snapshots").rmdir()
    change = Change(living)

    with pytest.raises(BucketMissing, match="there is no directory"):
        run(change, living.session())

    assert change.reached == 0


def test_a_snapshot_store_that_does_not_answer_says_how_to_go_without(living: World) -> None:
    nobody = {
        "KLED_SNAPSHOT_STORE": "s3://snapshots",
        "S3_ENDPOINT": "http://127.0.0.1:1",
        "S3_ACCESS_KEY_ID": "nobody",
        "S3_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    change = Change(living)

    with pytest.raises(StoreUnavailable) as failure:
        run(change, living.session("state", NOTHING, **nobody))

    assert "--no-epoch --no-snapshot" in str(failure.value.hint)
    assert change.reached == 0


def test_a_lost_cluster_is_not_made_anew_over_its_machines(living: World) -> None:
    run(Change(living), living.session())
    shutil.rmtree(living.root / "state" / CLUSTER)
    change = Change(living)

    with pytest.raises(NotApproved, match="is gone from the state store") as caught:
        run(change, living.session())

    assert f"kled snapshot restore --name={CLUSTER}" in (caught.value.hint or "")
    assert "compare them with a control plane's machine" in (caught.value.hint or "")
    assert change.reached == 0
    run(change, living.session(overrides=Overrides(no_snapshot=True)))
    assert change.reached == 1
