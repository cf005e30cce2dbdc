"""Which snapshots can be trusted, and which one `latest` means (design D19)."""

from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.choosing import LATEST, NEWEST, choose, make_choice, way_back
from kled.snapshot.documents import names
from kled.snapshot.documents.keys import Keys
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.retention.retention import RetentionPolicy
from kled.snapshot.trust.judging import judge_all, read_listing
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.trust.trust import FUZZY, trust_of
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot import restoring
from tests.unit.snapshot.etcd.backups import backup
from tests.unit.snapshot.fleets import Runs, name, objects, state
from tests.unit.snapshot.restoring import snapshot_store, take
from tests.unit.snapshot.signing_keys import signing_key

C: Final = name(0)
CA: Final = "pki/private/kubernetes-ca/keyset.yaml"
ADDON: Final = f"{C}/addons/a.addons.k8s.io/v1.yaml"


def damaged(runs: Runs, key: str = "config", body: bytes = b"kind: Nothing\n") -> None:
    runs.state.put(f"{C}/{key}", body)


def taken(runs: Runs) -> str:
    """Take a snapshot of C; return its id."""
    (result,) = (one for one in runs.run().clusters if one.cluster == C)
    assert result.snapshot is not None
    return result.snapshot


def changed(runs: Runs, text: str) -> str:
    runs.state.put(ADDON, text.encode())
    return taken(runs)


def test_latest_is_the_newest_trusted_and_says_what_it_passed_over() -> None:
    """Fault 6: hints and `latest` named the level-0 snapshot of the damage."""
    runs = Runs(state(1), MemoryStore())
    good = taken(runs)
    damaged(runs)
    bad = taken(runs)

    chosen = make_choice(runs.snapshots, C, LATEST)

    assert chosen.ref.id == good
    (words,) = chosen.passed_over()
    assert words == f"{bad} is newer and cannot be trusted: config is no Cluster"
    assert choose(runs.snapshots, C, NEWEST).id == bad
    assert choose(runs.snapshots, C, bad).id == bad


def test_where_none_can_be_trusted_each_is_named_with_its_reason_and_the_option() -> None:
    runs = Runs(state(1), MemoryStore())
    damaged(runs)
    bad = taken(runs)

    with pytest.raises(SnapshotNotTrustworthy, match=f"{bad}: config is no Cluster") as refused:
        choose(runs.snapshots, C, LATEST)

    assert f"--name={C} --snapshot=ID --untrusted" in (refused.value.hint or "")
    words = way_back(runs.snapshots, C)
    assert bad in words
    assert "--untrusted" in words


def test_a_cluster_without_snapshots_has_no_latest_and_no_newest() -> None:
    for typed in (LATEST, NEWEST):
        with pytest.raises(SnapshotMissing):
            choose(Runs(state(1), MemoryStore()).snapshots, C, typed)
    assert "there is no snapshot" in way_back(Runs(state(1), MemoryStore()).snapshots, C)


def test_the_reason_is_said_in_every_run_until_the_damage_is_mended() -> None:
    """Fault 41: "next run: no remark at all"; the definition's digest is that of the bad one."""
    runs = Runs(state(1), MemoryStore())
    taken(runs)
    runs.state.delete(f"{C}/{CA}")
    said = "there is no keyset kubernetes-ca, though the cluster was applied"

    for _ in range(3):
        (result,) = runs.run().clusters
        assert result.reasons == (said,)
        assert not result.trusted
    assert result.reused
    (named,) = runs.run([C]).clusters
    assert named.reasons == (said,)

    runs.state.put(f"{C}/{CA}", objects(0)[CA])
    (cured,) = runs.run().clusters
    assert cured.trusted
    assert choose(runs.snapshots, C, LATEST).id == cured.snapshot


def test_new_etcd_backups_of_a_damaged_cluster_do_not_make_it_sound() -> None:
    """Fault 41, another member: such a snapshot refers to the archive of the level-0 one."""
    runs = Runs(state(1), MemoryStore())
    damaged(runs)
    taken(runs)
    place = "backups/etcd/main/2026-11-24T09:00:00Z-000099"
    damaged(runs, f"{place}/_etcd_backup.meta", b"{}")
    damaged(runs, f"{place}/etcd.backup.gz", backup())

    (result,) = runs.run().clusters

    assert not result.reused
    assert result.reasons == ("config is no Cluster",)
    assert runs.snapshots.manifest(SnapshotRef(C, result.snapshot or "")).findings


def test_what_another_kled_judged_incomplete_is_judged_anew() -> None:
    """Fault 8, another member: level 0 was for ever, also where a newer kled knows better."""
    runs = Runs(state(1), MemoryStore())
    damaged(runs)
    bad = taken(runs)
    manifest = runs.snapshots.manifest(SnapshotRef(C, bad))

    assert taken(runs) == bad
    assert manifest.proofs[0].by == "kled test"
    assert runs.run_by("kled newer").clusters[0].snapshot != bad


def test_a_check_that_failed_later_takes_the_trust_until_the_same_check_holds() -> None:
    """Fault 7: only level 4 found it, and left no trace in the list."""
    runs = Runs(state(1), MemoryStore())
    first = taken(runs)
    second = changed(runs, "changed")
    archive = f"clusters/{C}/{second}/state.tar.zst"
    whole = runs.store.get(archive).body
    runs.store.put(archive, whole[:-1] + b"?")

    report = verify(runs.snapshots, SnapshotRef(C, second), level=1, by="test")

    assert not report.trustworthy
    assert choose(runs.snapshots, C, LATEST).id == first
    (row,) = (one for one in shown(runs.snapshots) if one.ref.id == second)
    assert "the check of level 0 at" in row.trust.reasons[0]

    runs.store.put(archive, whole)  # the payload is repaired
    verify(runs.snapshots, SnapshotRef(C, second), level=1, by="test")
    assert choose(runs.snapshots, C, LATEST).id == second


def test_a_check_that_holds_says_that_another_one_failed() -> None:
    runs = Runs(state(1), MemoryStore())
    ref = SnapshotRef(C, taken(runs))
    assert not verify(runs.snapshots, ref, level=4, by="test").trustworthy

    report = verify(runs.snapshots, ref, level=1, by="test")

    assert report.level == 1
    assert not report.trustworthy
    assert "the check of level 4 at" in report.findings[0]


def test_a_snapshot_that_failed_a_check_is_not_handed_on_where_nothing_is_new() -> None:
    """Fault 41, another member: `create` went on reusing what `verify` had found damaged."""
    runs = Runs(state(1), MemoryStore())
    ref = SnapshotRef(C, taken(runs))
    archive = f"clusters/{C}/{ref.id}/state.tar.zst"
    runs.store.put(archive, runs.store.get(archive).body + b"?")
    verify(runs.snapshots, ref, level=0, by="test")

    done = runs.run()

    assert done.clusters[0].snapshot != ref.id
    assert done.clusters[0].trusted
    assert any("a new snapshot is made" in words for words in done.warnings)


def test_a_verified_snapshot_is_handed_on() -> None:
    runs = Runs(state(1), MemoryStore())
    ref = SnapshotRef(C, taken(runs))
    verify(runs.snapshots, ref, level=1, by="test")

    assert taken(runs) == ref.id


def test_a_snapshot_whose_payloads_are_gone_is_not_the_latest() -> None:
    runs = Runs(state(1), MemoryStore())
    first = taken(runs)
    archive = changed(runs, "2")
    runs.store.delete(f"clusters/{C}/{archive}/state.tar.zst")
    assert choose(runs.snapshots, C, LATEST).id == first

    place = "backups/etcd/main/2026-11-24T09:00:00Z-000099"
    damaged(runs, f"{place}/_etcd_backup.meta", b"{}")
    damaged(runs, f"{place}/etcd.backup.gz", backup() + backup())
    third = runs.snapshots.manifest(SnapshotRef(C, changed(runs, "3")))
    assert choose(runs.snapshots, C, LATEST).id == third.id
    kept = {one.key for one in runs.snapshots.manifest(SnapshotRef(C, first)).blobs}
    blob = next(one.key for one in third.blobs if one.key not in kept)
    runs.store.delete(blob)

    chosen = make_choice(runs.snapshots, C, LATEST)

    assert chosen.ref.id == first
    assert f"its {blob} is gone" in chosen.passed_over()[0]


def test_latest_never_goes_back_to_an_earlier_cluster_of_that_name() -> None:
    """Its keys are others: restored over the living one they lock every machine out."""
    runs = Runs(state(1), MemoryStore())
    old = taken(runs)
    url = runs.state.location.url
    epoch.check(runs.snapshots, C, url)
    epoch.vacate(runs.snapshots, C, url)
    assert choose(runs.snapshots, C, LATEST).id == old
    epoch.check(runs.snapshots, C, url)
    damaged(runs)
    taken(runs)

    with pytest.raises(SnapshotNotTrustworthy, match=f"{old} is of an earlier cluster"):
        choose(runs.snapshots, C, LATEST)


def test_pruning_keeps_what_latest_means_also_where_a_check_failed_later() -> None:
    """Fault 6, another member: retention kept the newest by birth, which is not the newest good."""
    runs = Runs(state(1), MemoryStore())
    good = taken(runs)
    for at in range(4):
        ref = SnapshotRef(C, changed(runs, str(at)))
        archive = f"clusters/{C}/{ref.id}/state.tar.zst"
        runs.store.put(archive, b"?")
        verify(runs.snapshots, ref, level=0, by="test")
    runs.later = timedelta(days=40)
    rule = RetentionPolicy(last=1, hourly=0, daily=0, weekly=0, monthly=0, yearly=0)

    apply_prune(runs.snapshots, plan_prune(runs.snapshots, rule), Quiet())

    assert choose(runs.snapshots, C, LATEST).id == good


def test_marks_of_failed_checks_go_with_their_snapshots() -> None:
    runs = Runs(state(1), MemoryStore())
    ref = SnapshotRef(C, taken(runs))
    runs.store.put(names.archive_key(C, ref.id, encrypted=False), b"?")
    verify(runs.snapshots, ref, level=0, by="test")
    mark = names.failed_key(C, ref.id)
    assert runs.store.get(mark).body
    changed(runs, "2")
    rule = RetentionPolicy(last=1, hourly=0, daily=0, weekly=0, monthly=0, yearly=0)

    for days in (40, 80):
        runs.later = timedelta(days=days)
        apply_prune(runs.snapshots, plan_prune(runs.snapshots, rule), Quiet())

    assert [one.key for one in runs.store.entries(names.FAILED)] == []


def test_a_kops_that_is_simulated_disproves_nothing() -> None:
    from kled.snapshot.verify.verify import KopsVerdict

    runs = Runs(state(1), MemoryStore())
    ref = SnapshotRef(C, taken(runs))

    def reads(_cluster: str, _objects: object) -> KopsVerdict:
        return KopsVerdict("1.36.2 (simulated)", simulated=True, findings=("cannot read it",))

    assert not verify(runs.snapshots, ref, level=2, by="test", kops_check=reads).trustworthy
    assert choose(runs.snapshots, C, LATEST) == ref


def test_an_unsigned_or_damaged_manifest_is_passed_over_with_its_reason() -> None:
    runs = Runs(state(1), MemoryStore())
    first = taken(runs)
    second = changed(runs, "2")
    key = names.manifest_key(C, second)
    runs.store.put(key, runs.store.get(key).body.replace(b"1.36.2", b"1.36.3"))

    chosen = make_choice(runs.snapshots, C, LATEST)

    assert chosen.ref.id == first
    assert "was changed after it was written" in chosen.passed_over()[0]


def shown(snapshots: SnapshotStore, cluster: str = C) -> tuple:  # type: ignore[type-arg]
    """Return what a list shows."""
    return judge_all(snapshots, read_listing(snapshots, cluster), read_ledger(snapshots).named)


def test_trust_is_said_in_words() -> None:
    snapshots = snapshot_store()
    fuzzy = take(snapshots, restoring.plain_tree(), fuzzy=True)

    assert trust_of(fuzzy).reasons == (FUZZY,)
    assert trust_of(fuzzy, undated=True, lacking=("its archive is gone",)).reasons[1:] == (
        "its archive is gone",
        "it is dated after now and no run names it: a machine's clock was wrong",
    )
    assert trust_of(take(snapshots, restoring.plain_tree(), proofs=[])).reasons[0].startswith("it")


@pytest.mark.parametrize("what", ["manifest.json", "state.tar.zst"])
def test_in_a_signed_store_damage_to_the_newest_does_not_bring_back_an_older_one(
    what: str, tmp_path: Path
) -> None:
    """Fault 81, another member: who cannot remove the newest unnoticed could have damaged it."""
    runs = Runs(state(1), MemoryStore(), Keys(signing_key=signing_key(tmp_path)))
    first = taken(runs)
    second = changed(runs, "2")
    key = f"clusters/{C}/{second}/{what}"
    runs.store.put(key, runs.store.get(key).body[:-9])

    with pytest.raises(SnapshotNotTrustworthy, match=second) as refused:
        choose(runs.snapshots, C, LATEST)

    assert f"name it: {first}" in (refused.value.hint or "")
    assert first in way_back(runs.snapshots, C)
