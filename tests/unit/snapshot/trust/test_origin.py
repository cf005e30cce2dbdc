"""A cluster's name is not enough: what is of another state store's cluster counts for nothing.

A keyless attacker copies signed manifests of a namesake from another snapshot store of the same
key; a person names the wrong snapshot store; two regions share one. None of them is restored for
another, compared with it, nor displaces it.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.operations.snapshots.list_snapshots import list_snapshots
from kled.operations.snapshots.verify import verify_snapshots
from kled.snapshot.choosing import LATEST, NEWEST, choose, make_choice, walk_newest_first, way_back
from kled.snapshot.documents import names, signed
from kled.snapshot.documents.keys import Keys
from kled.snapshot.epoch import epoch
from kled.snapshot.losses.lost_keysets import was_deleted
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.trust.origin import Origins
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from kled.store_urls import is_same
from tests.stores import keys
from tests.unit.snapshot.fleets import Runs, name, objects, state
from tests.unit.snapshot.retention.test_prune_and_mirror import ONLY_LAST
from tests.unit.snapshot.signing_keys import signing_key

C = name(0)
OTHER = 5
"""The number of the objects of a cluster with other keys."""


def namesake() -> MemoryStore:
    """Return another state store, with another cluster of the same name."""
    store = MemoryStore()
    for key, body in objects(OTHER).items():
        store.put(f"{C}/{key}", body.replace(name(OTHER).encode(), C.encode()))
    return store


def changed(runs: Runs, body: str) -> str:
    runs.state.put(f"{C}/addons/a.addons.k8s.io/v1.yaml", body.encode())
    return runs.run().require_whole().clusters[0].snapshot or ""


def copy_snapshots(source: ObjectStore, target: ObjectStore) -> None:
    """Do as `cp -an source/clusters/C/* target/clusters/C/` does: nothing there is replaced."""
    there = set(keys(target))
    for key in keys(source):
        if key.startswith((f"clusters/{C}/", "blobs/")) and key not in there:
            target.put(key, source.get(key).body)


class Planted:
    """A snapshot store with one of its own, and a later one of a namesake, signed by one key."""

    def __init__(self, directory: Path) -> None:
        keyed = Keys(signing_key=signing_key(directory))
        self.runs = Runs(state(1), MemoryStore(), keyed)
        theirs = Runs(namesake(), MemoryStore(), keyed, at=60)
        self.first, self.own = changed(self.runs, "1"), changed(self.runs, "2")
        self.plant = changed(theirs, "3")
        epoch.check(self.runs.snapshots, C, self.runs.state.location.url)
        copy_snapshots(theirs.store, self.runs.store)
        self.theirs = theirs.state.location.url
        self.runs.later = timedelta(hours=1)


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def test_a_planted_snapshot_is_never_the_latest_nor_the_newest(planted: Planted) -> None:
    runs = planted.runs
    for state_store in (runs.state, None):
        meant = make_choice(runs.snapshots, C, LATEST, state=state_store)
        assert meant.ref.id == planted.own
        assert planted.theirs in meant.passed_over()[0]
        assert choose(runs.snapshots, C, NEWEST, state=state_store).id == planted.own


def test_a_planted_snapshot_is_compared_with_nothing_and_named_by_no_hint(planted: Planted) -> None:
    runs = planted.runs
    looked_at = [one.ref.id for one in walk_newest_first(runs.snapshots, C, runs.state)]
    assert looked_at == [planted.own, planted.first]
    assert planted.own in way_back(runs.snapshots, C, state=runs.state)
    runs.store.delete(names.manifest_key(C, planted.own))  # now the newest is gone
    with pytest.raises(SnapshotNotTrustworthy) as refused:
        choose(runs.snapshots, C, LATEST, state=runs.state)
    assert planted.plant not in str(refused.value.hint)


def test_a_list_says_whose_a_planted_snapshot_is(planted: Planted) -> None:
    rows = {row.id: row for row in list_snapshots(planted.runs.snapshots, C, planted.runs.state)}
    assert rows[planted.own].trusted
    assert rows[planted.plant].reasons == (f"it is of {planted.theirs}, not of this state store",)


def test_a_check_of_all_finds_a_planted_snapshot_and_checks_the_newest_own_one(
    planted: Planted,
) -> None:
    from kled import config

    runs = planted.runs
    rows = verify_snapshots(
        config.load({"HOME": "/nonexistent"}),
        runs.snapshots,
        level=0,
        progress=Quiet(),
        state=runs.state,
    )
    assert {row["id"]: row["trustworthy"] for row in rows} == {
        planted.own: True,
        planted.plant: False,
    }


def test_retention_counts_no_planted_snapshot_and_leaves_it_alone(planted: Planted) -> None:
    runs = planted.runs
    runs.later = timedelta(days=9)
    plan = plan_prune(runs.snapshots, ONLY_LAST, state=runs.state)
    assert [ref.id for ref, _ in plan.strays] == [planted.plant]
    assert [ref.id for ref, _ in plan.kept] == [planted.own]
    apply_prune(runs.snapshots, plan, Quiet())
    assert {ref.id for ref in runs.snapshots.list(C)} == {planted.own, planted.plant}


def test_a_second_site_gets_no_planted_snapshot_and_that_is_said(planted: Planted) -> None:
    second = MemoryStore()
    report = mirror(planted.runs.snapshots, second, Quiet())
    assert {ref.id for ref in report.copied} == {planted.first, planted.own}
    ((ref, error),) = report.failed
    assert ref.id == planted.plant
    assert planted.theirs in error.message


def test_the_wrong_snapshot_store_has_nothing_for_a_living_cluster() -> None:
    theirs, mine = Runs(namesake(), MemoryStore()), state(1)
    foreign = changed(theirs, "1")
    assert list(walk_newest_first(theirs.snapshots, C, mine)) == []
    with pytest.raises(SnapshotNotTrustworthy, match="not of this state store"):
        choose(theirs.snapshots, C, LATEST, state=mine)
    with pytest.raises(SnapshotMissing, match=foreign):
        choose(theirs.snapshots, C, NEWEST, state=mine)
    assert not way_back(theirs.snapshots, C, state=mine).startswith("kled snapshot restore")


def shared() -> tuple[Runs, Runs, str, str]:
    """Two namesakes that share one snapshot store, and the newest snapshot of each."""
    kept = MemoryStore()
    mine = Runs(state(1), kept)
    theirs = Runs(namesake(), kept, at=60)
    changed(mine, "1")
    changed(theirs, "1")
    own = changed(mine, "2")
    return mine, theirs, own, changed(theirs, "2")


def test_namesakes_that_share_a_snapshot_store_each_have_their_own() -> None:
    mine, theirs, own, others = shared()
    mine.later = theirs.later = timedelta(hours=1)
    assert choose(mine.snapshots, C, LATEST, state=mine.state).id == own
    assert choose(mine.snapshots, C, LATEST, state=theirs.state).id == others
    assert choose(mine.snapshots, C, NEWEST, state=mine.state).id == own
    epoch.check(mine.snapshots, C, mine.state.location.url)
    assert choose(mine.snapshots, C, LATEST, state=mine.state).id == own
    assert choose(mine.snapshots, C, LATEST, state=theirs.state).id == others
    assert mine.run().clusters[0].reused
    assert theirs.run().clusters[0].reused


def test_retention_keeps_the_snapshots_of_each_namesake() -> None:
    mine, _, own, others = shared()
    mine.later = timedelta(days=9)
    plan = plan_prune(mine.snapshots, ONLY_LAST, state=mine.state)
    assert {ref.id for ref, _ in plan.kept} == {own, others}
    assert len(plan.removed) == 2
    assert plan.strays == ()
    assert len(mirror(mine.snapshots, MemoryStore(), Quiet()).require().copied) == 4


def test_a_list_says_which_snapshots_are_of_an_earlier_cluster_of_that_name() -> None:
    """Finding 12: a restore refuses them, and the list said nothing."""
    runs = Runs(state(1), MemoryStore())
    url, earlier = runs.state.location.url, changed(runs, "1")
    epoch.check(runs.snapshots, C, url)
    epoch.vacate(runs.snapshots, C, url)
    (deleted,) = list_snapshots(runs.snapshots, C, runs.state)
    runs.later = timedelta(hours=1)
    epoch.check(runs.snapshots, C, url)
    changed(runs, "2")

    told = {one.id: " ".join(one.remarks) for one in list_snapshots(runs.snapshots, C, runs.state)}

    assert "of an earlier cluster of that name" in told.pop(earlier)
    assert "earlier cluster" not in " ".join((*told.values(), *deleted.remarks))


def test_the_end_of_a_namesake_is_not_the_end_of_the_living_one() -> None:
    mine, theirs, own, _ = shared()
    epoch.check(mine.snapshots, C, theirs.state.location.url)
    mine.later = timedelta(hours=1)
    epoch.vacate(mine.snapshots, C, theirs.state.location.url)
    manifest = mine.snapshots.manifest(SnapshotRef(C, own))

    assert not was_deleted(read_ledger(mine.snapshots, mine.state), manifest)
    assert next(walk_newest_first(mine.snapshots, C, mine.state)).ref.id == own
    assert epoch.check(mine.snapshots, C, mine.state.location.url).number == 2
    assert choose(mine.snapshots, C, LATEST, state=mine.state).id == own
    assert next(walk_newest_first(mine.snapshots, C, mine.state)).ref.id == own


def test_the_end_of_an_epoch_counts_no_planted_id(tmp_path: Path) -> None:
    """Else whoever plants a manifest that is dated later makes all that comes later past."""
    planted = Planted(tmp_path)
    epoch.vacate(planted.runs.snapshots, C, planted.runs.state.location.url)
    ended = epoch.read(planted.runs.snapshots, C)
    assert ended is not None
    assert ended.past == planted.own


def test_a_cluster_that_was_moved_keeps_its_history() -> None:
    kept, old = MemoryStore(), state(1)
    before, url = Runs(old, kept), old.location.url
    epoch.check(before.snapshots, C, url)
    last = changed(before, "1")
    new = MemoryStore()
    assert choose(before.snapshots, C, LATEST, state=new).id == last, "its bucket is gone"

    for key in keys(old):
        new.put(key, old.get(key).body)
    assert (
        Origins(read_ledger(before.snapshots, new), moves=True).foreign(
            before.snapshots.manifest(SnapshotRef(C, last))
        )
        == ""
    ), "the restore is run again"
    epoch.advance(before.snapshots, C, new.location.url, url)
    assert choose(before.snapshots, C, LATEST, state=new).id == last
    after = Runs(new, kept, at=60)
    newest = changed(after, "2")
    after.later = timedelta(days=9)
    assert choose(after.snapshots, C, LATEST, state=new).id == newest
    plan = plan_prune(after.snapshots, ONLY_LAST, state=new)
    assert plan.strays == ()
    assert last in {ref.id for ref in plan.removed} | {ref.id for ref, _ in plan.kept}


def test_an_epoch_that_an_earlier_kled_raised_does_not_end_the_history() -> None:
    kept, old = MemoryStore(), state(1)
    before = Runs(old, kept)
    last = changed(before, "1")
    new = MemoryStore()
    new.put(f"{C}/config", b"kind: Cluster")
    earlier = {"state_store": new.location.url, "number": 2, "cluster": C}
    key = names.epoch_key(C)
    kept.put(key, signed.encode("epoch", key, earlier, store=None, signing_key=None))
    assert choose(before.snapshots, C, LATEST, state=new).id == last
    assert Origins(read_ledger(before.snapshots, new)).lineage(
        before.snapshots.manifest(SnapshotRef(C, last))
    )


def test_a_second_site_without_runs_and_epochs_restores_into_a_new_state_store() -> None:
    before = Runs(state(1), MemoryStore())
    last = changed(before, "1")
    second = MemoryStore()
    mirror(before.snapshots, second, Quiet()).require()
    assert choose(before.snapshots.at(second), C, LATEST, state=MemoryStore()).id == last


@pytest.mark.parametrize("is_named", [True, False], ids=["a new state store", "none at hand"])
def test_a_second_site_with_two_namesakes_leaves_the_choice_to_a_person(*, is_named: bool) -> None:
    """On a fresh machine no state store is named: the newest of both was taken."""
    mine, _, own, others = shared()
    second, new = MemoryStore(), MemoryStore() if is_named else None
    mirror(mine.snapshots, second, Quiet()).require()
    site = mine.snapshots.at(second)
    for snapshots in (site, mine.snapshots):
        with pytest.raises(SnapshotNotTrustworthy) as refused:
            choose(snapshots, C, LATEST, state=new)
        assert own in refused.value.message
        assert others in refused.value.message
        assert choose(snapshots, C, own, state=new).id == own
    accepted = Origins(read_ledger(site, new), accepted=(mine.state.location.url,))
    assert accepted.foreign(site.manifest(SnapshotRef(C, own))) == ""
    epoch.check(mine.snapshots, C, mine.state.location.url)
    assert choose(mine.snapshots, C, LATEST, state=new).id == own


def test_a_deleted_cluster_comes_back_from_its_own_snapshot_alone(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    runs = planted.runs
    epoch.vacate(runs.snapshots, C, runs.state.location.url)
    assert choose(runs.snapshots, C, LATEST, state=MemoryStore()).id == planted.own


def test_a_name_of_a_place_in_another_spelling_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a b")
    real = (tmp_path / "a b").as_uri()
    assert is_same(real, f"file://{tmp_path}/link/")
    assert is_same(real, str(tmp_path / "a b"))
    assert is_same("s3://bucket/prefix", "s3://bucket/prefix/")
    assert not is_same("s3://bucket/prefix", "s3://bucket")
    for odd in ("file:///\0", "file://host/x", "", "\0"):
        assert is_same(odd, odd)
        assert not is_same(odd, real)


def test_an_epoch_keeps_each_home_once() -> None:
    kept = Runs(state(1), MemoryStore()).snapshots
    for url in ("s3://a", "s3://b/", "s3://a", "s3://c"):
        epoch.advance(kept, C, url, "s3://z")
    found = epoch.read(kept, C)
    assert found is not None
    assert found.homes == ("s3://z", "s3://b", "s3://a")
    assert found.number == 4
    assert replace(found, homes=None) == found


def test_under_a_new_name_of_the_state_store_both_ways_to_its_snapshots_are_told(
    tmp_path: Path,
) -> None:
    """It told of one ancient snapshot that was not signed, and of none that can be trusted."""
    runs = Runs(state(1), MemoryStore())
    ancient = changed(runs, "1")
    runs.keys = Keys(signing_key=signing_key(tmp_path))
    runs.run()  # says that what is there is not signed
    newest = changed(runs, "2")
    epoch.check(runs.snapshots, C, runs.state.location.url)
    renamed = MemoryStore(name="renamed")
    for key in keys(runs.state):
        renamed.put(key, runs.state.get(key).body)

    with pytest.raises(SnapshotNotTrustworthy) as refused:
        choose(runs.snapshots, C, LATEST, state=renamed)

    message, hint = refused.value.message, str(refused.value.hint)
    assert f"({newest}: " in message
    assert runs.state.location.url in message.partition(ancient)[0]
    former, here = runs.state.location.url, renamed.location.url
    assert f"kled snapshot epoch raise --name={C} --state={here} --former={former}" in hint
    assert f"--name={C} --snapshot=latest --of-state-store={former}" in hint
