"""Stores that an earlier version wrote, plain, sealed and signed: read, restored and continued."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import InvalidInput, SnapshotNotTrustworthy
from kled.snapshot.choosing import choose
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.manifest import canonical, digest_of
from kled.snapshot.documents.proofs import read_later
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.retention.retention import RetentionPolicy
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.verify.verify import find_lost, proofs, verify
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.documents import golden
from tests.unit.snapshot.fleets import START, Runs, expected, name, objects, restored, state
from tests.unit.snapshot.signing_keys import signing_key

CHANGED = {"addons/a.addons.k8s.io/v1.yaml": b"n: 3"}


@pytest.fixture(params=golden.KINDS)
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(
        golden.store(request.param),
        golden.keys(request.param, tmp_path),
        now=lambda: golden.LAST_RUN + timedelta(minutes=10),
        chance=bytes,
    )


def test_every_snapshot_is_there_and_proved(snapshots: SnapshotStore) -> None:
    refs = list(snapshots.list())

    assert [ref.cluster for ref in refs] == [name(0), name(0), name(1)]
    assert find_lost(snapshots, refs) == ()
    assert len(read_ledger(snapshots).prunes_after("").removed) == 3
    for ref in refs:
        report = verify(snapshots, ref, level=1, by="test", record=False)
        assert golden.are_known(report.findings)


def test_the_newest_is_restored_byte_by_byte(snapshots: SnapshotStore) -> None:
    former = [golden.former(number, expected(number, backup=str.encode)) for number in range(2)]
    assert restored(snapshots, name(0)) == former[0] | CHANGED
    assert restored(snapshots, name(1)) == former[1]


def test_where_the_clusters_live_is_known(snapshots: SnapshotStore) -> None:
    assert epoch.read(snapshots, name(0)) == epoch.Epoch("memory://golden", 1)


def test_later_proofs_are_found(snapshots: SnapshotStore) -> None:
    ref = next(iter(snapshots.list(name(0))))

    assert [proof.level for proof in proofs(snapshots, snapshots.manifest(ref))] == [0, 1]


def continued(kind: str, directory: Path) -> Runs:
    """The store goes on, ten minutes after its last run."""
    store, keys = golden.store(kind), golden.keys(kind, directory)
    runs = Runs(golden.state(), store, keys, at=golden_seconds())
    store._now = lambda: golden.LAST_RUN + timedelta(minutes=10)
    return runs


def golden_seconds() -> int:
    return int((golden.LAST_RUN + timedelta(minutes=10) - START).total_seconds())


@pytest.mark.parametrize("kind", golden.KINDS)
def test_a_store_goes_on_where_it_was_and_what_is_new_is_of_format_2(
    kind: str, tmp_path: Path
) -> None:
    runs = continued(kind, tmp_path)

    first = runs.run().require_whole()
    for key in ("config", "instancegroup/nodes"):  # in the form of kops: these are read again
        runs.state.put(f"{name(1)}/{key}", objects(1)[key])
    second = runs.run()

    assert [one.reused for one in first.clusters] == [True, True]
    assert [(one.reused, one.level) for one in second.clusters] == [(True, 1), (False, 0)]
    ledger = read_ledger(runs.snapshots, runs.state)
    assert (ledger.doubts, ledger.findings, ledger.lost(list(runs.snapshots.list()))) == (
        (),
        (),
        (),
    )
    assert ledger.newest is not None
    assert (ledger.newest.number, ledger.newest.signed) == (2, kind == "signed")
    former = golden.former(0, expected(0, backup=str.encode))
    assert restored(runs.snapshots, name(0)) == former | CHANGED
    root = json.loads(runs.store.get("kled.json").body)
    assert (root["format"], root["created"]) == (2, "2026-11-20T12:00:34+00:00")
    assert (root["signature"] is not None) == (kind == "signed")


@pytest.mark.parametrize("kind", golden.KINDS)
def test_epochs_and_prunes_of_such_a_store_go_on(kind: str, tmp_path: Path) -> None:
    runs = continued(kind, tmp_path)
    url = runs.state.location.url

    assert epoch.check(runs.snapshots, name(0), url).number == 1
    runs.run().require_whole()
    assert epoch.check(runs.snapshots, name(1), url).number == 1

    for number in range(2):
        document = json.loads(runs.store.get(f"clusters/{name(number)}/epoch.json").body)
        assert document.get("signature") is None or document["format"] == 2
        assert (kind == "signed") == ("signature" in document)
    plan = plan_prune(runs.snapshots, RetentionPolicy(last=1), state=runs.state)
    apply_prune(runs.snapshots, plan, Quiet())
    assert len(read_ledger(runs.snapshots).prunes_after("").removed) >= 3


def test_once_it_is_signed_nothing_later_counts_unsigned(tmp_path: Path) -> None:
    runs = continued("signed", tmp_path)
    runs.run().require_whole()
    last = max(key for key in keys(runs.store, "runs/"))
    old = min(key for key in keys(runs.store, "runs/"))
    later_id = f"{last.removeprefix('runs/')[:-6]}f"

    document = json.loads(runs.store.get(old).body) | {"id": later_id}
    inside = {key: one for key, one in document.items() if key != "digest"}
    runs.store.put(f"runs/{later_id}.json", canonical(inside | {"digest": digest_of(inside)}))

    assert any("is not signed" in words for words in read_ledger(runs.snapshots).doubts)


@pytest.mark.parametrize("kind", golden.KINDS)
def test_who_only_verifies_brings_the_store_to_no_newer_form(kind: str, tmp_path: Path) -> None:
    runs = continued(kind, tmp_path)
    root = runs.store.get("kled.json").body
    ref = choose(runs.snapshots, name(1), "latest")

    assert verify(runs.snapshots, ref, level=0, by="test").unproved == ()

    assert runs.store.get("kled.json").body == root
    proved = read_later(runs.snapshots, runs.snapshots.manifest(ref)).proved
    assert [proof.level for proof in proved] == [0]


def test_who_cannot_sign_changes_nothing_in_a_signed_store(tmp_path: Path) -> None:
    runs = continued("signed", tmp_path)
    (public,) = runs.snapshots.verification_keys
    before = keys(runs.store)

    for without in (Keys(), Keys(verification_keys=(public,))):
        runs.keys = without
        with pytest.raises(InvalidInput, match="must be signed") as refused:
            runs.run()
        assert refused.value.field == "KLED_SNAPSHOT_SIGNING_KEY"
        with pytest.raises(InvalidInput, match="must be signed"):
            epoch.check(runs.snapshots, "new.example.com", runs.state.location.url)

    assert keys(runs.store) == before
    report = verify(runs.snapshots, choose(runs.snapshots, name(0), "latest"), level=0, by="test")
    assert report.findings == ()
    assert any("is not recorded" in words for words in report.unproved)
    assert keys(runs.store) == before


@pytest.mark.parametrize("gone", [False, True], ids=["with kled.json", "without"])
def test_an_encrypted_store_takes_no_plain_snapshot(tmp_path: Path, *, gone: bool) -> None:
    runs = continued("sealed", tmp_path)
    runs.keys = Keys()
    if gone:
        runs.store.delete("kled.json")

    with pytest.raises(InvalidInput, match="are encrypted") as refused:
        runs.run()

    assert refused.value.field == "KLED_SNAPSHOT_RECIPIENTS"
    assert "age1" in str(refused.value.hint)
    assert epoch.check(runs.snapshots, "new.example.com", runs.state.location.url).number == 1
    runs.keys = replace(golden.keys("sealed", tmp_path), recipients=())  # who only verifies
    ref = choose(runs.snapshots, name(0), "latest")
    assert verify(runs.snapshots, ref, level=0, by="test").unproved == ()
    assert len(read_later(runs.snapshots, runs.snapshots.manifest(ref)).proved) == 1


def test_an_unsigned_snapshot_in_a_signed_store_is_cured_by_no_second_run(tmp_path: Path) -> None:
    runs = continued("signed", tmp_path)
    runs.run().require_whole()
    for cluster in (name(0), name(1)):  # a run looks at one of them
        newest = max(runs.snapshots.list(cluster), key=lambda ref: ref.id)
        key = f"clusters/{cluster}/{newest.id}/manifest.json"
        document = json.loads(runs.store.get(key).body)
        runs.store.put(key, canonical({k: v for k, v in document.items() if k != "signature"}))

    with pytest.raises(SnapshotNotTrustworthy) as told:
        runs.run().require_whole()

    assert "ends with 0" not in str(told.value.hint)


def test_a_store_that_began_without_signatures_is_signed_from_then_on(tmp_path: Path) -> None:
    runs = Runs(state(2), MemoryStore())
    runs.run().require_whole()
    epoch.check(runs.snapshots, name(0), runs.state.location.url)
    identity = runs.snapshots.root.store

    runs.keys = Keys(signing_key=signing_key(tmp_path))
    first = runs.run()

    assert any("kled.json is not signed" in words for words in first.findings)
    with pytest.raises(SnapshotNotTrustworthy, match="every cluster was taken") as told:
        first.require_whole()
    assert "the same command again ends with 0" in str(told.value.hint)
    assert any("is not signed" in words for words in first.warnings + first.findings)
    assert runs.run().require_whole().clusters[0].reused
    assert epoch.check(runs.snapshots, name(0), runs.state.location.url).number == 1
    assert (runs.snapshots.root.store, runs.snapshots.root.signed) == (identity, True)
    assert restored(runs.snapshots, name(0)) == expected(0)
