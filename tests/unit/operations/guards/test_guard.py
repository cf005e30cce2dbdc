"""What comes before a change: the epoch and a snapshot, on directories as stores."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

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
from kled.operations.session import Session
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.step import Step
from tests.sites import Site, session_at
from tests.unit.snapshot import fleets

CLUSTER = fleets.name(1)


@dataclass
class Change:
    """An operation that writes down whether it was reached; one that destroys removes the state."""

    site: Site
    guards: Guards = EDITS
    reached: int = 0

    name = "change cluster"
    cluster = CLUSTER

    def steps(self) -> tuple[Step, ...]:
        def act(_session: Session) -> str:
            self.reached += 1
            if self.guards == DELETES:
                shutil.rmtree(self.site.root / "state" / CLUSTER)
            return "changed"

        return (Step("change", act),)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    for store in ("state", "other", "snapshots"):
        (tmp_path / store).mkdir()
    return Site(tmp_path)


ETCD = Path(__file__).parents[3] / "captures" / "etcd" / "etcd-3.6.gz"


@pytest.fixture
def living(site: Site) -> Site:
    """A cluster whose etcd backups open."""
    site.put(CLUSTER, fleets.objects(1))
    for backup in (site.root / "state" / CLUSTER).rglob("etcd.backup.gz"):
        backup.write_bytes(ETCD.read_bytes())
    return site


def test_a_change_comes_after_the_epoch_and_a_snapshot(living: Site) -> None:
    report = run(Change(living), living.session())

    assert [row.step for row in report.rows] == ["check epoch", "take a snapshot", "change"]
    assert report.rows[1].words.endswith("(level 1); NOT ENCRYPTED")
    assert len(living.manifests()) == 1


@pytest.mark.parametrize("named", [True, False])
def test_a_change_without_a_snapshot_store_that_others_have_says_so(
    living: Site, *, named: bool
) -> None:
    """After a move to a new bucket changes went without snapshot and epoch, in silence."""
    settings, kept = living.root / "config.toml", (living.root / "snapshots").as_uri()
    other = (living.root / "other").as_uri()
    settings.write_text(f'[state-stores."{other}"]\nsnapshot-store = "{kept}"\n' if named else "")
    session = session_at(living.root, snapshots=None, env={"KLED_CONFIG": str(settings)})
    notes: list[str] = []
    session.note = notes.append

    run(Change(living), session)
    run(Change(living, READS), session)

    assert len(notes) == int(named)
    for note in notes:
        assert f"that of another state store is {kept}" in note


def test_where_nothing_is_new_the_earlier_snapshot_counts(living: Site) -> None:
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
def test_each_guard_can_be_left_out(living: Site, overrides: Overrides, steps: list[str]) -> None:
    report = run(Change(living), living.session(overrides=overrides))

    assert [row.step for row in report.rows] == steps


def test_what_was_made_is_kept_at_once(site: Site) -> None:
    """Its CA keys exist nowhere else."""

    class Creation(Change):
        def steps(self) -> tuple[Step, ...]:
            return (Step("create", self._create),)

        def _create(self, _session: Session) -> str:
            self.site.put(CLUSTER, fleets.objects(1))
            return ""

    report = run(Creation(site, guards=CREATES), site.session())

    assert [row.step for row in report.rows][-2:] == ["create", "take the first snapshot"]
    assert len(site.manifests()) == 1
    # a namesake's backup came before the first change
    assert "epoch 1, which begins now" in report.rows[-1].words


def test_without_a_snapshot_store_or_a_change_nothing_is_added(living: Site) -> None:
    alone = living.session(KLED_SNAPSHOT_STORE="")

    assert [step.name for step in steps_of(Change(living), alone)] == ["change"]
    reading = steps_of(Change(living, guards=READS), living.session())
    assert [step.name for step in reading] == ["change"]


def test_a_cluster_that_lives_elsewhere_is_not_changed(living: Site) -> None:
    living.put(CLUSTER, fleets.objects(1), "other")
    run(Change(living), living.session())
    change = Change(living)

    with pytest.raises(EpochMismatch, match=r"lives in file://.*/state since epoch 1"):
        run(change, living.session("other"))

    assert change.reached == 0


def test_a_name_that_is_no_cluster_here_binds_it_nowhere(living: Site) -> None:
    report = run(Change(living), living.session("other"))
    assert report.rows[0].words == "none yet: the cluster is not there"
    assert report.rows[1].words == "there is nothing to snapshot yet"

    assert run(Change(living), living.session()).rows[0].words.startswith("epoch 1")


def test_a_deleted_cluster_may_be_made_anew_in_another_state_store(living: Site) -> None:
    report = run(Change(living, guards=DELETES), living.session())
    assert report.rows[-1].words == "the cluster may be made again anywhere"

    living.put(CLUSTER, fleets.objects(1), "other")

    assert run(Change(living), living.session("other")).rows[0].words == "epoch 2"


def killed(site: Site) -> None:
    """Delete the cluster, and die before its epoch ends."""

    class Dying(Change):
        def steps(self) -> tuple[Step, ...]:
            def die(_session: Session) -> str:
                shutil.rmtree(self.site.root / "state" / CLUSTER)
                raise KeyboardInterrupt

            return (Step("delete", die),)

    with pytest.raises(KeyboardInterrupt):
        run(Dying(site, guards=DELETES), site.session())


def test_a_deletion_killed_before_its_end_keeps_nobody_from_making_it_anew_elsewhere(
    living: Site,
) -> None:
    killed(living)
    living.put(CLUSTER, fleets.objects(1), "other")

    assert run(Change(living), living.session("other")).rows[0].words == "epoch 2"
    living.put(CLUSTER, fleets.objects(1))
    with pytest.raises(EpochMismatch):
        run(Change(living), living.session())


def test_a_deletion_killed_before_its_end_keeps_nobody_from_making_it_anew_here(
    living: Site,
) -> None:
    killed(living)
    change = Change(living)

    run(change, living.session())

    assert change.reached == 1


def test_a_deletion_that_was_announced_and_did_not_happen_binds_the_cluster_still(
    living: Site,
) -> None:
    class Refused(Change):
        def steps(self) -> tuple[Step, ...]:
            def refuse(_session: Session) -> str:
                raise NotApproved("no")

            return (Step("delete", refuse),)

    with pytest.raises(NotApproved):
        run(Refused(living, guards=DELETES), living.session())
    living.put(CLUSTER, fleets.objects(1), "other")
    with pytest.raises(EpochMismatch) as refusal:
        run(Change(living), living.session("other"))
    assert "a deletion that began there" in str(refusal.value.hint)

    run(Change(living), living.session())
    shutil.rmtree(living.root / "state" / CLUSTER)

    with pytest.raises(EpochMismatch):
        run(Change(living), living.session("other"))
    with pytest.raises(NotApproved, match="is gone from the state store"):
        run(Change(living), living.session())


def test_a_destroyed_clusters_snapshot_is_read_back_first(living: Site) -> None:
    run(Change(living), living.session())
    (first,) = living.manifests()
    archive = first.with_name("state.tar.zst")
    archive.write_bytes(archive.read_bytes()[:-9] + b"corrupted")

    run(Change(living, guards=DELETES), living.session())

    assert len(living.manifests()) == 2


def test_a_cluster_is_not_destroyed_while_its_snapshot_was_removed_by_somebody(
    living: Site,
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


def test_a_cluster_that_no_snapshot_could_bring_back_is_not_destroyed(living: Site) -> None:
    (living.root / "state" / CLUSTER / "pki/private/kubernetes-ca/keyset.yaml").unlink()
    change = Change(living, guards=DELETES)

    with pytest.raises(SnapshotNotTrustworthy, match="no keyset kubernetes-ca") as failure:
        run(change, living.session())

    assert "--no-snapshot" in str(failure.value.hint)
    assert change.reached == 0
    run(Change(living), living.session())
    with pytest.raises(SnapshotNotTrustworthy):
        run(change, living.session())


def test_a_snapshot_store_that_is_not_there_stops_the_change(living: Site) -> None:
    (living.root / "snapshots").rmdir()
    change = Change(living)

    with pytest.raises(BucketMissing, match="there is no directory"):
        run(change, living.session())

    assert change.reached == 0


def test_a_snapshot_store_that_does_not_answer_says_how_to_go_without(living: Site) -> None:
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


def test_a_lost_cluster_is_not_made_anew_over_its_machines(living: Site) -> None:
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
