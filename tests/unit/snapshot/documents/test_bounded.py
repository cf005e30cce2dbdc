"""Documents and archives of any form and size: one answer to damage, and no memory for a bomb."""

import hashlib
import json
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard

from kled.errors import BeingCollected, KledError, SnapshotNotTrustworthy
from kled.snapshot.choosing import choose
from kled.snapshot.documents import names
from kled.snapshot.documents.manifest import LIMIT, canonical, digest_of
from kled.snapshot.documents.proofs import read_later
from kled.snapshot.epoch import epoch
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.retention import claims
from kled.snapshot.retention.prune import plan_prune
from kled.snapshot.retention.retention import GRACE
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.verify.contents import archived_objects, packed_archive
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.attacks import ONLY_LAST
from tests.unit.snapshot.fleets import Runs, expected, name, restored, state

MALFORMED = {
    "deep": b"[" * 200_000 + b"]" * 200_000,
    "deep in an object": b'{"removed":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "infinity": b'{"format":1,"keys":[Infinity],"removed":[Infinity],"number":1e999}',
    "a path": b'{"format":1,"removed":"../../../x","freed":"../../../x","keys":"../../../x"}',
    "paths": b'{"format":1,"removed":[["../..","../../x"]],"freed":["../../x"],"keys":[7]}',
    "wrong types": b'{"format":1,"removed":{"a":1},"freed":7,"keys":{},"number":"7"}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "a huge number": b'{"format":1,"number":' + b"9" * 5000 + b"}",
    "a newer format": b'{"format":3}',
    "no format": b'{"format":true}',
    "a key twice": b'{"format":1,"format":1,"keys":[]}',
}
SOON = "29991231T000000Z-00000000"


@pytest.fixture
def runs() -> Runs:
    made = Runs(state(1), MemoryStore())
    made.run().require_whole()
    return made


def places(runs: Runs) -> list[str]:
    newest = choose(runs.snapshots, name(0), "newest").id
    own = f"clusters/{name(0)}"
    now = names.new_id(runs.snapshots.now(), b"zz")
    documents = [
        f"{kind}/{one}.json"
        for kind in ("runs", "prunes", "claims", "sweeps")
        for one in (now, SOON)
    ]
    return [
        *documents,
        f"{own}/epoch.json",
        f"{own}/{newest}/verified/1.json",
        "runs/x",
        "prunes/..",
    ]


@pytest.mark.parametrize("how", MALFORMED)
def test_a_malformed_document_never_keeps_anybody_from_a_healthy_snapshot(
    runs: Runs, how: str
) -> None:  # fault 84
    ref = choose(runs.snapshots, name(0), "newest")
    for place in places(runs):
        if not place.endswith(".."):
            runs.store.put(place, MALFORMED[how])

    ledger = read_ledger(runs.snapshots, runs.state)
    assert ledger.doubts
    assert ledger.lost(list(runs.snapshots.list())) == ()
    assert verify(runs.snapshots, ref, level=1, by="test").findings == ()
    assert restored(runs.snapshots, name(0), ref.id) == expected(0)
    manifest = runs.snapshots.manifest(ref)
    assert read_later(runs.snapshots, manifest).failed == ()
    for refusing in (
        lambda: choose(runs.snapshots, name(0), "newest"),
        lambda: plan_prune(runs.snapshots, ONLY_LAST),
        lambda: epoch.check(runs.snapshots, name(0), runs.state.location.url),
    ):
        with pytest.raises(SnapshotNotTrustworthy):
            refusing()
    assert runs.run().clusters[0].error is None


@pytest.mark.parametrize("how", MALFORMED)
def test_a_malformed_claim_lets_nothing_be_collected_for_a_day(runs: Runs, how: str) -> None:
    now = runs.snapshots.now()
    key = names.claim_key(names.new_id(now, b"zz"))
    runs.store.put(key, MALFORMED[how])

    if how == "no format":  # no field that counts is wrong in it
        assert claims.read_claimed(runs.store, now, now - GRACE) == set()
        return
    with pytest.raises(SnapshotNotTrustworthy):
        claims.read_claimed(runs.store, now, now - GRACE)
    assert plan_prune(runs.snapshots, ONLY_LAST).garbage == ()


def test_a_malformed_sweep_keeps_nobody_from_writing(runs: Runs) -> None:
    now = runs.snapshots.now()
    runs.store.put(names.sweep_key(names.new_id(now, b"zz")), b"{")
    key = "blobs/aa/" + "a" * 64

    claims.claim(runs.store, key, runs.snapshots.new_id(), now)

    claims.announce(runs.store, runs.snapshots.new_id(), [key])
    with pytest.raises(BeingCollected):
        claims.claim(runs.store, key, runs.snapshots.new_id(), now)


@pytest.mark.parametrize("place", ["manifest", "run", "epoch", "kled.json"])
def test_a_document_of_hundreds_of_megabytes_is_not_held(runs: Runs, place: str) -> None:
    # faults 84, 87
    newest = choose(runs.snapshots, name(0), "newest")
    key = {
        "manifest": names.manifest_key(newest.cluster, newest.id),
        "run": names.run_key(SOON),
        "epoch": names.epoch_key(name(0)),
        "kled.json": "kled.json",
    }[place]
    runs.store.put(key, b'{"format": 1, "x": "' + b"x" * (100 << 20) + b'"}')
    reads: dict[str, Callable[[SnapshotStore], object]] = {
        "manifest": lambda snapshots: snapshots.manifest(newest),
        "run": lambda snapshots: plan_prune(snapshots, ONLY_LAST),
        "epoch": lambda snapshots: epoch.read(snapshots, name(0)),
        "kled.json": _root,
    }
    snapshots = runs.snapshots

    tracemalloc.start()
    try:
        with pytest.raises(SnapshotNotTrustworthy):
            reads[place](snapshots)
        assert tracemalloc.get_traced_memory()[1] < 2 * LIMIT
    finally:
        tracemalloc.stop()


def _root(snapshots: SnapshotStore) -> object:
    if snapshots.root.root is None:
        raise SnapshotNotTrustworthy("as it should")
    return snapshots.root.root


def forged(runs: Runs, change: Callable[[dict[str, object]], None]) -> SnapshotRef:
    """Change the newest manifest as somebody who knows how digests are made."""
    ref = choose(runs.snapshots, name(0), "newest")
    key = names.manifest_key(ref.cluster, ref.id)
    document = json.loads(runs.store.get(key).body)
    change(document)
    document["digest"] = digest_of(document)
    runs.store.put(key, canonical(document) + b"\n")
    return ref


@pytest.mark.parametrize("size", [1 << 63, 1 << 64, -1, 10**40, 1.5, "7", None, 1 << 51])
@pytest.mark.parametrize("where", ["objects", "archive", "blobs"])
def test_a_size_that_no_object_has_is_damage_not_a_crash(
    runs: Runs, size: object, where: str
) -> None:  # fault 87
    def change(document: dict[str, object]) -> None:
        place = document[where]
        (place[0] if isinstance(place, list) else place)["size"] = size  # type: ignore[index]

    ref = forged(runs, change)

    with pytest.raises(SnapshotNotTrustworthy):
        runs.snapshots.manifest(ref)


def test_an_archive_that_would_fill_the_memory_is_refused_by_what_it_declares(runs: Runs) -> None:
    # fault 87: 307 KB took 9.9 GB
    bomb = zstandard.ZstdCompressor(level=1).compress(b"\0" * (64 << 20))
    key = runs.snapshots.manifest(choose(runs.snapshots, name(0), "newest")).archive.key
    runs.store.put(key, bomb)
    digest = hashlib.sha256(bomb).hexdigest()

    def declare(each: int) -> Callable[[dict[str, object]], None]:
        def change(document: dict[str, object]) -> None:
            payload = {"sha256": digest, "size": len(bomb)}
            payload |= {"stored_sha256": digest, "stored_size": len(bomb)}
            document["archive"] |= payload  # type: ignore[operator]
            for one in document["objects"]:  # type: ignore[attr-defined]
                if one["blob"] is None:
                    one["size"] = each

        return change

    ref = forged(runs, declare(1 << 40))
    with pytest.raises(SnapshotNotTrustworthy, match="more than an archive may"):
        runs.snapshots.manifest(ref)
    ref = forged(runs, declare(1000))
    manifest = runs.snapshots.manifest(ref)
    with pytest.raises(KledError, match="larger than its manifest says"):
        list(archived_objects(manifest, packed_archive(runs.snapshots, manifest)))
