"""Damage does not become what a cluster is put back from (design D19), through the operations."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kled import config
from kled.errors import InvalidInput, KledError, NotApproved, SnapshotNotTrustworthy
from kled.operations.cluster.reconcile_cluster import ReconcileCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials.rotate_keypairs import RotateKeypairs
from kled.operations.credentials.secrets import CreateSecret
from kled.operations.guards.before_change import snapshot_step
from kled.operations.guards.final_snapshot import final_step
from kled.operations.guards.guards import APPLIES, CREATES, EDITS, ROLLS, Guards
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.identity import kept_keys
from kled.operations.instance_group.edit_instance_group import EditInstanceGroup
from kled.operations.instance_group.scale_instance_group import ScaleInstanceGroup
from kled.operations.recovery import restore_state
from kled.operations.recovery.restorable import require_trusted
from kled.operations.recovery.restore_state import RESTORES, RestoreState, Wish
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.runner import Report, run, run_to_end
from kled.operations.session import Session, Who
from kled.operations.snapshots import back_up, list_snapshots
from kled.operations.snapshots.back_up import BackUpReport, BackUpState
from kled.operations.snapshots.verify import VerifySnapshots
from kled.operations.step import Operation, Step, attempt
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.snapshot.choosing import LATEST, NEWEST, choose
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from tests.unit.snapshot import fleets

C = fleets.name(1)
CA = "pki/private/kubernetes-ca/keyset.yaml"
WHO = Who("tester", "a run", timedelta(0))
CLOCK = Clock(time.monotonic, lambda _: None)
NO_CA = "there is no keyset kubernetes-ca, though the cluster was applied"


@dataclass
class World:
    """A state store with one cluster, and a snapshot store."""

    root: Path

    def __post_init__(self) -> None:
        (self.root / "snapshots").mkdir()
        for key, body in fleets.objects(1).items():
            self.path(key).parent.mkdir(parents=True, exist_ok=True)
            self.path(key).write_bytes(body)

    def path(self, key: str) -> Path:
        return self.root / "state" / C / key

    def session(self, overrides: Overrides = NOTHING) -> Session:
        env = {
            "HOME": str(self.root),
            "KOPS_STATE_STORE": (self.root / "state").as_uri(),
            "KLED_SNAPSHOT_STORE": (self.root / "snapshots").as_uri(),
        }
        return Session(config.load(env), None, CLOCK, WHO, None, overrides=overrides)

    def run(self, operation: Operation, overrides: Overrides = NOTHING) -> Report:
        return run(operation, self.session(overrides))

    def taken(self) -> str:
        """Take a snapshot of all clusters, whatever it is worth; return the id of C's."""
        return str(self.backed_up(BackUpState()).rows[0]["id"])

    def backed_up(self, operation: BackUpState) -> BackUpReport:
        """Take snapshots, whatever they are worth; return what was taken."""
        taken = run_to_end(operation, self.session()).result
        assert taken is not None
        return taken

    def choose(self, typed: str) -> str:
        return choose(self.session().snapshot_store, C, typed).id


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@dataclass
class Change:
    """An operation that says whether it was reached."""

    guards: Guards
    reached: int = 0

    name = "change cluster"
    cluster = C

    def steps(self) -> tuple[Step, ...]:
        def act(_session: Session) -> str:
            self.reached += 1
            return "changed"

        return (Step("change", act),)


def cut(world: World) -> None:
    whole = world.path("config").read_bytes()
    world.path("config").write_bytes(whole[: len(whole) // 3])


def test_a_config_that_was_cut_snapshotted_and_lost_comes_back_whole(world: World) -> None:
    """Case 09, fault 6: the hint and `latest` named the snapshot of the damage."""
    whole = world.path("config").read_bytes()
    first = world.taken()
    cut(world)
    with pytest.raises(SnapshotNotTrustworthy, match="config is no Cluster"):
        world.run(BackUpState())
    second = world.taken()
    assert second != first
    world.path("config").unlink()
    with pytest.raises(KledError) as lost:
        world.run(BackUpState())
    assert f"--snapshot={first} --yes" in (lost.value.hint or "")
    assert second not in (lost.value.hint or "")

    report = world.run(RestoreState(Wish(C, LATEST)))

    assert world.path("config").read_bytes() == whole
    looked = next(row.words for row in report.rows if row.step == "check restore")
    assert f"snapshot {first}" in looked
    assert f"{second} is newer and cannot be trusted: config is no Cluster" in looked


def test_a_lesser_snapshot_is_restored_by_its_id_and_an_explicit_option(world: World) -> None:
    """Fault 6: `restore` said done where `verify` says no."""
    world.taken()
    whole = world.path("config").read_bytes()
    cut(world)
    half, second = world.path("config").read_bytes(), world.taken()
    world.path("config").write_bytes(whole)

    with pytest.raises(SnapshotNotTrustworthy, match="config is no Cluster") as refused:
        world.run(RestoreState(Wish(C, second)))

    assert world.path("config").read_bytes() == whole
    assert f"--snapshot={second} --untrusted" in (refused.value.hint or "")
    with pytest.raises(InvalidInput, match="or an id"):
        world.run(RestoreState(Wish(C, NEWEST, untrusted=True)))

    wish = Wish(C, second, untrusted=True)
    report = world.run(RestoreState(wish, confirm=C))

    assert world.path("config").read_bytes() == half
    assert "IT CANNOT BE TRUSTED: config is no Cluster" in report.rows[1].words


def test_a_definition_that_cannot_be_read_may_be_of_a_protected_cluster(world: World) -> None:
    """Fault 6, another member: its label cannot be read, so the name is asked for."""
    world.path("config").write_bytes(b"kind: Cluster\nmetadata: [")
    wish = Wish(C, world.taken(), untrusted=True)
    world.path("config").write_bytes(b"kind: Cluster\nspec: {}\n")

    with pytest.raises(NotApproved, match="cannot be read"):
        world.run(RestoreState(wish))


def test_what_is_settled_before_is_what_is_restored(world: World) -> None:
    """`latest` is settled before the snapshot of what is there, which is the newest then."""
    first = world.taken()
    world.path("addons/a.addons.k8s.io/v1.yaml").write_bytes(b"changed")

    report = world.run(RestoreState(Wish(C, LATEST)))

    assert report.result.as_json()["snapshot"] == first
    assert world.choose(LATEST) != first


def test_a_preview_knows_what_the_restore_will_refuse(world: World) -> None:
    cut(world)
    second = world.taken()

    meant = restore_state.settle(Stores(world.session().settings, CLOCK), Wish(C, second))

    assert meant.trust.reasons
    with pytest.raises(SnapshotNotTrustworthy):
        require_trusted(meant)
    require_trusted(replace(meant, wish=replace(meant.wish, untrusted=True)))


@pytest.mark.parametrize("guards", [APPLIES, ROLLS, CREATES])
def test_no_change_goes_on_from_where_nothing_leads_back(world: World, guards: Guards) -> None:
    """Fault 6: the snapshot before a change made damage `latest`, and the change went on."""
    first = world.taken()
    world.path(CA).unlink()
    change = Change(guards)

    with pytest.raises(SnapshotNotTrustworthy, match=NO_CA) as refused:
        world.run(change)

    assert change.reached == 0
    assert f"--snapshot={first} --yes" in (refused.value.hint or "")
    assert "--no-snapshot" in (refused.value.hint or "")
    world.run(change, Overrides(no_snapshot=True))
    assert change.reached == 1


@pytest.mark.parametrize("guards", [EDITS, RESTORES])
def test_what_mends_a_cluster_goes_on_and_says_it(world: World, guards: Guards) -> None:
    world.path(CA).unlink()
    change = Change(guards)

    report = world.run(change)

    assert change.reached == 1
    said = next(row.words for row in report.rows if row.step == "take a snapshot")
    assert f"IT CANNOT BE TRUSTED: {NO_CA}" in said


def test_whoever_begins_anew_with_other_keys_need_not_say_it_twice(world: World) -> None:
    """`--no-snapshot` does not mean `--new-identity`, nor the other way round."""
    world.path(CA).unlink()
    change = Change(APPLIES)

    report = world.run(change, Overrides(new_identity=C))

    assert change.reached == 1
    assert "IT CANNOT BE TRUSTED" in report.rows[1].words


def test_which_operations_need_one_to_trust() -> None:
    """D19: update, roll, upgrade refuse; restore and edit go on."""
    for one in (UpdateCluster, ReconcileCluster, ScaleInstanceGroup, RollCluster, UpgradeCluster):
        assert one.guards.needs_trusted
    assert RotateKeypairs.guards.needs_trusted  # another member: it replaces keys
    for other in (EditInstanceGroup, CreateSecret):
        assert not other.guards.needs_trusted
    assert not RESTORES.needs_trusted


def test_a_cluster_is_not_deleted_with_a_snapshot_that_nobody_trusts(world: World) -> None:
    world.path(CA).unlink()

    with pytest.raises(SnapshotNotTrustworthy, match=NO_CA):
        attempt(final_step(C), world.session())


def test_a_lost_cluster_is_put_back_from_the_newest_trusted(world: World) -> None:
    """Fault 6: the refusal's hint named the newest of all."""
    first = world.taken()
    world.run(Change(EDITS))
    cut(world)
    world.run(Change(EDITS))
    shutil.rmtree(world.root / "state" / C)

    with pytest.raises(NotApproved, match="is gone from the state store") as refused:
        attempt(snapshot_step(C), world.session())

    assert f"--snapshot={first} --yes" in (refused.value.hint or "")


def test_where_no_snapshot_can_be_trusted_the_hint_says_so_and_names_what_there_is(
    world: World,
) -> None:
    cut(world)
    bad = world.taken()
    world.run(Change(EDITS))
    shutil.rmtree(world.root / "state" / C)

    with pytest.raises(NotApproved) as refused:
        attempt(snapshot_step(C), world.session())

    assert f'no snapshot of cluster "{C}" can be trusted ({bad}' in (refused.value.hint or "")
    assert "--untrusted" in (refused.value.hint or "")


def test_lost_keys_that_only_a_lesser_snapshot_has_are_found_and_it_says_why(world: World) -> None:
    """Fault 6, another member: the hint of identity said that no snapshot has them."""
    cut(world)
    bad = world.taken()

    words = kept_keys.advice(world.session(), C, frozenset({CA}))

    assert f"{bad} has (config is no Cluster" in words
    assert f"--snapshot={bad} --class=identity --untrusted" in words


def test_a_run_over_damage_is_never_green_and_says_how_old_the_newest_good_one_is(
    world: World,
) -> None:
    """Fault 41: recovery point "now", exit 0; the next run had no remark at all."""
    first = world.taken()
    world.path(CA).unlink()

    for _ in range(3):
        report = run_to_end(BackUpState(), world.session())
        assert isinstance(report.error, SnapshotNotTrustworthy)
        assert NO_CA in report.error.message
        assert f"--name={C} --snapshot={first} --yes" in (report.error.hint or "")
        assert report.result is not None
        (row,) = report.result.rows
        assert (row["trusted"], row["reasons"]) == (False, [NO_CA])
        assert row["newest_trusted"] == first
    assert row["reused"]


def test_what_was_not_taken_outweighs_what_cannot_be_trusted(world: World) -> None:
    """Exit 1 if anything was not taken, else 4."""
    world.path(CA).unlink()
    absent = "absent.example.com"

    report = run_to_end(BackUpState((C, absent)), world.session())

    assert report.error is not None
    assert report.error.exit_code == 1
    assert absent in report.error.message
    assert report.result is not None
    rows = {row["cluster"]: row for row in report.result.rows}
    assert rows[C]["id"]
    assert rows[absent]["newest_trusted"] is None


def test_the_list_says_why_a_snapshot_cannot_be_trusted(world: World) -> None:
    """Fault 6: LEVEL 0 with an empty REMARK."""
    first = world.taken()
    world.path(CA).unlink()
    second = world.taken()

    rows = {
        one.id: one.as_json()
        for one in list_snapshots.list_snapshots(world.session().snapshot_store, C)
    }

    assert (rows[first]["trusted"], rows[first]["reasons"]) == (True, [])
    assert (rows[second]["trusted"], rows[second]["reasons"]) == (False, [NO_CA])
    assert (rows[first]["level"], rows[second]["level"]) == (1, 0)


def verified(world: World, **more: Any) -> Sequence[Mapping[str, Any]]:
    seen = run_to_end(VerifySnapshots(**more), world.session()).result
    assert seen is not None
    return seen.rows


def test_verifying_at_level_0_does_not_call_a_level_0_snapshot_trustworthy(world: World) -> None:
    """Fault 6, another member: its bytes are right, and it could bring nothing back."""
    world.path(CA).unlink()
    ref = SnapshotRef(C, world.taken())

    (row,) = verified(world, level=0, only=ref)

    assert (row["level"], row["trustworthy"], row["findings"]) == (0, False, [NO_CA])


def test_verifying_all_has_a_row_for_a_cluster_that_was_never_taken(world: World) -> None:
    """Another member of 101: what the newest run names and nothing is listed of."""
    other = "other.example.com"
    shutil.copytree(world.path(""), world.root / "state" / other)
    in_the_way = world.root / "snapshots" / "clusters" / other
    in_the_way.parent.mkdir()
    in_the_way.write_text("a file where its snapshots belong")
    with pytest.raises(KledError):
        world.run(BackUpState((C, other)))
    in_the_way.unlink()

    rows = {row["cluster"]: row for row in verified(world)}

    assert rows[C]["trustworthy"]
    assert "it has no snapshot" in rows[other]["findings"][0]


def test_where_the_newest_was_removed_a_check_says_no_and_does_not_fail(world: World) -> None:
    """Fault 101: exit 1, as if nothing had been asked."""
    world.taken()
    world.path("addons/a.addons.k8s.io/v1.yaml").write_bytes(b"changed")
    newest = world.taken()
    shutil.rmtree(world.root / "snapshots" / "clusters" / C / newest)

    with pytest.raises(SnapshotNotTrustworthy, match=newest):
        world.choose(NEWEST)


def test_progress_is_quiet(world: World) -> None:
    """A library's caller gets the same answer as the operation."""
    world.path(CA).unlink()
    done = back_up.back_up(world.session().stores, [C], progress=Quiet())

    assert [one.reasons for one in done.clusters] == [(NO_CA,)]
    with pytest.raises(SnapshotNotTrustworthy):
        done.require_whole()
