"""Damage does not become what a cluster is put back from (design D19), through the operations."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

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
from kled.operations.session import Session
from kled.operations.snapshots import back_up, list_snapshots
from kled.operations.snapshots.back_up import BackUpReport, BackUpState
from kled.operations.snapshots.verify import VerifySnapshots
from kled.operations.step import Operation, Step, attempt
from kled.operations.stores import Stores
from kled.snapshot.choosing import LATEST, NEWEST, choose
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from tests.sites import CLOCK, Site
from tests.unit.snapshot import fleets

C = fleets.name(1)
CA = "pki/private/kubernetes-ca/keyset.yaml"
NO_CA = "there is no keyset kubernetes-ca, though the cluster was applied"


@dataclass
class Guarded(Site):
    """A site with one cluster, whose operations are run to their ends."""

    def __post_init__(self) -> None:
        (self.root / "snapshots").mkdir()
        self.put(C, fleets.objects(1))

    def path(self, key: str) -> Path:
        return self.root / "state" / C / key

    def run(self, operation: Operation, overrides: Overrides = NOTHING) -> Report:
        return run(operation, self.session(overrides=overrides))

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
def guarded(tmp_path: Path) -> Guarded:
    return Guarded(tmp_path)


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


def cut(guarded: Guarded) -> None:
    whole = guarded.path("config").read_bytes()
    guarded.path("config").write_bytes(whole[: len(whole) // 3])


def test_a_config_that_was_cut_snapshotted_and_lost_comes_back_whole(guarded: Guarded) -> None:
    """Case 09, fault 6: the hint and `latest` named the snapshot of the damage."""
    whole = guarded.path("config").read_bytes()
    first = guarded.taken()
    cut(guarded)
    with pytest.raises(SnapshotNotTrustworthy, match="config is no Cluster"):
        guarded.run(BackUpState())
    second = guarded.taken()
    assert second != first
    guarded.path("config").unlink()
    with pytest.raises(KledError) as lost:
        guarded.run(BackUpState())
    assert f"--snapshot={first} --yes" in (lost.value.hint or "")
    assert second not in (lost.value.hint or "")

    report = guarded.run(RestoreState(Wish(C, LATEST)))

    assert guarded.path("config").read_bytes() == whole
    looked = next(row.words for row in report.rows if row.step == "check restore")
    assert f"snapshot {first}" in looked
    assert f"{second} is newer and cannot be trusted: config is no Cluster" in looked


def test_a_lesser_snapshot_is_restored_by_its_id_and_an_explicit_option(guarded: Guarded) -> None:
    """Fault 6: `restore` said done where `verify` says no."""
    guarded.taken()
    whole = guarded.path("config").read_bytes()
    cut(guarded)
    half, second = guarded.path("config").read_bytes(), guarded.taken()
    guarded.path("config").write_bytes(whole)

    with pytest.raises(SnapshotNotTrustworthy, match="config is no Cluster") as refused:
        guarded.run(RestoreState(Wish(C, second)))

    assert guarded.path("config").read_bytes() == whole
    assert f"--snapshot={second} --untrusted" in (refused.value.hint or "")
    with pytest.raises(InvalidInput, match="or an id"):
        guarded.run(RestoreState(Wish(C, NEWEST, untrusted=True)))

    wish = Wish(C, second, untrusted=True)
    report = guarded.run(RestoreState(wish, confirm=C))

    assert guarded.path("config").read_bytes() == half
    assert "IT CANNOT BE TRUSTED: config is no Cluster" in report.rows[1].words


def test_a_definition_that_cannot_be_read_may_be_of_a_protected_cluster(guarded: Guarded) -> None:
    """Fault 6, another member: its label cannot be read, so the name is asked for."""
    guarded.path("config").write_bytes(b"kind: Cluster\nmetadata: [")
    wish = Wish(C, guarded.taken(), untrusted=True)
    guarded.path("config").write_bytes(b"kind: Cluster\nspec: {}\n")

    with pytest.raises(NotApproved, match="cannot be read"):
        guarded.run(RestoreState(wish))


def test_what_is_settled_before_is_what_is_restored(guarded: Guarded) -> None:
    """`latest` is settled before the snapshot of what is there, which is the newest then."""
    first = guarded.taken()
    guarded.path("addons/a.addons.k8s.io/v1.yaml").write_bytes(b"changed")

    report = guarded.run(RestoreState(Wish(C, LATEST)))

    assert report.result.as_json()["snapshot"] == first
    assert guarded.choose(LATEST) != first


def test_a_preview_knows_what_the_restore_will_refuse(guarded: Guarded) -> None:
    cut(guarded)
    second = guarded.taken()

    meant = restore_state.settle(Stores(guarded.session().settings, CLOCK), Wish(C, second))

    assert meant.trust.reasons
    with pytest.raises(SnapshotNotTrustworthy):
        require_trusted(meant)
    require_trusted(replace(meant, wish=replace(meant.wish, untrusted=True)))


@pytest.mark.parametrize("guards", [APPLIES, ROLLS, CREATES])
def test_no_change_goes_on_from_where_nothing_leads_back(guarded: Guarded, guards: Guards) -> None:
    """Fault 6: the snapshot before a change made damage `latest`, and the change went on."""
    first = guarded.taken()
    guarded.path(CA).unlink()
    change = Change(guards)

    with pytest.raises(SnapshotNotTrustworthy, match=NO_CA) as refused:
        guarded.run(change)

    assert change.reached == 0
    assert f"--snapshot={first} --yes" in (refused.value.hint or "")
    assert "--no-snapshot" in (refused.value.hint or "")
    guarded.run(change, Overrides(no_snapshot=True))
    assert change.reached == 1


@pytest.mark.parametrize("guards", [EDITS, RESTORES])
def test_what_mends_a_cluster_goes_on_and_says_it(guarded: Guarded, guards: Guards) -> None:
    guarded.path(CA).unlink()
    change = Change(guards)

    report = guarded.run(change)

    assert change.reached == 1
    said = next(row.words for row in report.rows if row.step == "take a snapshot")
    assert f"IT CANNOT BE TRUSTED: {NO_CA}" in said


def test_whoever_begins_anew_with_other_keys_need_not_say_it_twice(guarded: Guarded) -> None:
    """`--no-snapshot` does not mean `--new-identity`, nor the other way round."""
    guarded.path(CA).unlink()
    change = Change(APPLIES)

    report = guarded.run(change, Overrides(new_identity=C))

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


def test_a_cluster_is_not_deleted_with_a_snapshot_that_nobody_trusts(guarded: Guarded) -> None:
    guarded.path(CA).unlink()

    with pytest.raises(SnapshotNotTrustworthy, match=NO_CA):
        attempt(final_step(C), guarded.session())


def test_a_lost_cluster_is_put_back_from_the_newest_trusted(guarded: Guarded) -> None:
    """Fault 6: the refusal's hint named the newest of all."""
    first = guarded.taken()
    guarded.run(Change(EDITS))
    cut(guarded)
    guarded.run(Change(EDITS))
    shutil.rmtree(guarded.root / "state" / C)

    with pytest.raises(NotApproved, match="is gone from the state store") as refused:
        attempt(snapshot_step(C), guarded.session())

    assert f"--snapshot={first} --yes" in (refused.value.hint or "")


def test_where_no_snapshot_can_be_trusted_the_hint_says_so_and_names_what_there_is(
    guarded: Guarded,
) -> None:
    cut(guarded)
    bad = guarded.taken()
    guarded.run(Change(EDITS))
    shutil.rmtree(guarded.root / "state" / C)

    with pytest.raises(NotApproved) as refused:
        attempt(snapshot_step(C), guarded.session())

    assert f'no snapshot of cluster "{C}" can be trusted ({bad}' in (refused.value.hint or "")
    assert "--untrusted" in (refused.value.hint or "")


def test_lost_keys_that_only_a_lesser_snapshot_has_are_found_and_it_says_why(
    guarded: Guarded,
) -> None:
    """Fault 6, another member: the hint of identity said that no snapshot has them."""
    cut(guarded)
    bad = guarded.taken()

    words = kept_keys.advice(guarded.session(), C, frozenset({CA}))

    assert f"{bad} has (config is no Cluster" in words
    assert f"--snapshot={bad} --class=identity --untrusted" in words


def test_a_run_over_damage_is_never_green_and_says_how_old_the_newest_good_one_is(
    guarded: Guarded,
) -> None:
    """Fault 41: recovery point "now", exit 0; the next run had no remark at all."""
    first = guarded.taken()
    guarded.path(CA).unlink()

    for _ in range(3):
        report = run_to_end(BackUpState(), guarded.session())
        assert isinstance(report.error, SnapshotNotTrustworthy)
        assert NO_CA in report.error.message
        assert f"--name={C} --snapshot={first} --yes" in (report.error.hint or "")
        assert report.result is not None
        (row,) = report.result.rows
        assert (row["trusted"], row["reasons"]) == (False, [NO_CA])
        assert row["newest_trusted"] == first
    assert row["reused"]


def test_what_was_not_taken_outweighs_what_cannot_be_trusted(guarded: Guarded) -> None:
    """Exit 1 if anything was not taken, else 4."""
    guarded.path(CA).unlink()
    absent = "absent.example.com"

    report = run_to_end(BackUpState((C, absent)), guarded.session())

    assert report.error is not None
    assert report.error.exit_code == 1
    assert absent in report.error.message
    assert report.result is not None
    rows = {row["cluster"]: row for row in report.result.rows}
    assert rows[C]["id"]
    assert rows[absent]["newest_trusted"] is None


def test_the_list_says_why_a_snapshot_cannot_be_trusted(guarded: Guarded) -> None:
    """Fault 6: LEVEL 0 with an empty REMARK."""
    first = guarded.taken()
    guarded.path(CA).unlink()
    second = guarded.taken()

    rows = {
        one.id: one.as_json()
        for one in list_snapshots.list_snapshots(guarded.session().snapshot_store, C)
    }

    assert (rows[first]["trusted"], rows[first]["reasons"]) == (True, [])
    assert (rows[second]["trusted"], rows[second]["reasons"]) == (False, [NO_CA])
    assert (rows[first]["level"], rows[second]["level"]) == (1, 0)


def verified(guarded: Guarded, **more: Any) -> Sequence[Mapping[str, Any]]:
    seen = run_to_end(VerifySnapshots(**more), guarded.session()).result
    assert seen is not None
    return seen.rows


def test_verifying_at_level_0_does_not_call_a_level_0_snapshot_trustworthy(
    guarded: Guarded,
) -> None:
    """Fault 6, another member: its bytes are right, and it could bring nothing back."""
    guarded.path(CA).unlink()
    ref = SnapshotRef(C, guarded.taken())

    (row,) = verified(guarded, level=0, only=ref)

    assert (row["level"], row["trustworthy"], row["findings"]) == (0, False, [NO_CA])


def test_verifying_all_has_a_row_for_a_cluster_that_was_never_taken(guarded: Guarded) -> None:
    """Another member of 101: what the newest run names and nothing is listed of."""
    other = "other.example.com"
    shutil.copytree(guarded.path(""), guarded.root / "state" / other)
    in_the_way = guarded.root / "snapshots" / "clusters" / other
    in_the_way.parent.mkdir()
    in_the_way.write_text("a file where its snapshots belong")
    with pytest.raises(KledError):
        guarded.run(BackUpState((C, other)))
    in_the_way.unlink()

    rows = {row["cluster"]: row for row in verified(guarded)}

    assert rows[C]["trustworthy"]
    assert "it has no snapshot" in rows[other]["findings"][0]


def test_where_the_newest_was_removed_a_check_says_no_and_does_not_fail(guarded: Guarded) -> None:
    """Fault 101: exit 1, as if nothing had been asked."""
    guarded.taken()
    guarded.path("addons/a.addons.k8s.io/v1.yaml").write_bytes(b"changed")
    newest = guarded.taken()
    shutil.rmtree(guarded.root / "snapshots" / "clusters" / C / newest)

    with pytest.raises(SnapshotNotTrustworthy, match=newest):
        guarded.choose(NEWEST)


def test_progress_is_quiet(guarded: Guarded) -> None:
    """A library's caller gets the same answer as the operation."""
    guarded.path(CA).unlink()
    done = back_up.back_up(guarded.session().stores, [C], progress=Quiet())

    assert [one.reasons for one in done.clusters] == [(NO_CA,)]
    with pytest.raises(SnapshotNotTrustworthy):
        done.require_whole()
