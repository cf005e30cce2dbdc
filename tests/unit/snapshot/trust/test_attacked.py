"""Whoever may write to a signed snapshot store, and has no key, gets nothing wrong restored.

After each attack on each kind of document: `latest` is the newest snapshot or refused, no prune
deletes what is needed, and a verification that finds nothing wrong has nothing wrong before it.
"""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kled.errors import EpochMismatch, KledError
from kled.snapshot.choosing import choose
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.proofs import proofs, read_later
from kled.snapshot.epoch import epoch
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.attacks import ADDON, NEW, copied, documents, prune, signed_world, unsigned
from tests.unit.snapshot.fleets import Runs, name, restored, state
from tests.unit.snapshot.signing_keys import signing_key

World = tuple[Runs, dict[str, bytes]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return signed_world(tmp_path)


def flipped(body: bytes) -> bytes:
    at = len(body) // 2
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def restores_nothing_older(runs: Runs, *, asking: bool) -> bool:
    """Restore the newest; return whether that was refused."""
    state = runs.state if asking else None
    try:
        chosen = choose(runs.snapshots, name(0), "latest", state=state)
        assert restored(runs.snapshots, name(0), chosen.id)[ADDON] == NEW
    except KledError:
        return True
    return False


def loses_nothing(runs: Runs) -> None:
    """Prune; what a manifest needs is there afterwards, and nothing newest went."""
    newest = {ref.cluster: ref for ref in runs.snapshots.list()}
    before = set(keys(runs.store))
    try:
        prune(runs)
    except KledError:
        return
    left = set(runs.snapshots.list())
    assert set(newest.values()) <= left
    there = set(keys(runs.store))
    for ref in left:
        try:
            needed = {payload.key for payload in runs.snapshots.manifest(ref).payloads}
        except KledError:
            continue
        assert needed & before <= there


def is_green(runs: Runs) -> bool:
    """Say whether a check of the whole store finds nothing wrong."""
    ledger = read_ledger(runs.snapshots, runs.state)
    try:
        for ref in runs.snapshots.list():
            runs.snapshots.manifest(ref)
    except KledError:
        return False
    return not (ledger.doubts or ledger.findings or ledger.lost(list(runs.snapshots.list())))


ALTERATIONS: dict[str, Callable[[bytes], bytes | None]] = {
    "delete": lambda _: None,
    "flip": flipped,
    "empty": lambda _: b"",
    "strip the signature": unsigned,
    "junk": lambda _: b"[" * 100_000,
    "no object": lambda _: b"[]\n",
}


@pytest.mark.parametrize("kind", ["kled.json", "run", "prune", "epoch", "proof", "manifest"])
@pytest.mark.parametrize("how", ALTERATIONS)
def test_each_document_that_is_altered_is_noticed_or_does_no_harm(
    world: World, kind: str, how: str
) -> None:  # faults 81, 84, 85
    runs, _ = world
    key = dict(documents(runs))[kind]
    body = ALTERATIONS[how](runs.store.get(key).body)
    if body is None:
        runs.store.delete(key)
    else:
        runs.store.put(key, body)

    if kind in {"kled.json", "run", "manifest"}:
        assert not is_green(runs)
    for asking in (True, False):
        restores_nothing_older(runs, asking=asking)
    loses_nothing(runs)


@pytest.mark.parametrize("kind", ["kled.json", "run", "prune", "epoch", "proof", "manifest"])
def test_each_document_is_bound_to_its_place(world: World, kind: str) -> None:
    """Every signed document, put in place of every other one, counts for nothing there."""
    runs, _ = world
    there = dict(documents(runs))
    for other, key in there.items():
        if other == kind:
            continue
        kept = runs.store.get(key).body
        runs.store.put(key, runs.store.get(there[kind]).body)
        assert other in {"prune", "epoch", "proof"} or not is_green(runs)
        restores_nothing_older(runs, asking=True)
        if other == "epoch":
            with pytest.raises(KledError):
                epoch.read(runs.snapshots, name(0))
        runs.store.put(key, kept)
    loses_nothing(runs)


def test_the_store_taken_back_whole_to_an_earlier_moment_is_noticed(world: World) -> None:
    # fault 81: no signature can show this; the state store remembers
    runs, before = world
    for key in keys(runs.store):
        runs.store.delete(key)
    for key, body in before.items():
        runs.store.put(key, body)

    assert not is_green(runs)
    assert restores_nothing_older(runs, asking=True)
    loses_nothing(runs)
    done = runs.run()
    assert any("remembers run" in words for words in done.findings)
    assert restored(runs.snapshots, name(0))[ADDON] == NEW


def test_the_newest_manifest_and_the_newest_run_deleted_is_noticed(world: World) -> None:
    runs, _ = world  # fault 81
    there = dict(documents(runs))
    runs.store.delete(there["manifest"])
    runs.store.delete(there["run"])

    assert not is_green(runs)
    assert restores_nothing_older(runs, asking=True)


@pytest.mark.parametrize("store", ["", "other"])
def test_a_forged_prune_excuses_nothing(world: World, store: str) -> None:  # fault 81
    runs, _ = world
    there = dict(documents(runs))
    newest = choose(runs.snapshots, name(0), "latest")
    signed = runs.store.get(there["prune"]).body
    forged = {"removed": [[newest.cluster, newest.id]], "freed": []}
    legacy = json.dumps({"format": 1, **forged}).encode()
    runs.store.put("prunes/29991231T000000Z-00000000.json", unsigned(signed, **forged))
    runs.store.put(
        f"prunes/{newest.id[:-1]}f.json", legacy if store else unsigned(signed, **forged)
    )
    runs.store.delete(there["manifest"])

    assert not is_green(runs)
    assert restores_nothing_older(runs, asking=False)


def test_a_hand_written_proof_is_a_claim(world: World) -> None:  # fault 85
    runs, _ = world
    newest = choose(runs.snapshots, name(0), "latest")
    key = f"clusters/{newest.cluster}/{newest.id}/verified/4.json"
    claim = {"level": 4, "at": "2026-11-29T00:00:00Z", "seconds": 1.0, "by": "me", "kops": "1.36.2"}
    runs.store.put(key, json.dumps(claim).encode())
    manifest = runs.snapshots.manifest(newest)

    assert [proof.level for proof in proofs(runs.snapshots, manifest)] == [0, 1]
    assert [proof.level for proof in read_later(runs.snapshots, manifest).claimed] == [4]


def test_a_forged_failure_makes_no_snapshot_look_bad(world: World) -> None:
    runs, _ = world  # or `latest` would be an older one
    newest = choose(runs.snapshots, name(0), "latest")
    key = f"clusters/{newest.cluster}/{newest.id}/verified/1.json"
    runs.store.put(key, unsigned(runs.store.get(key).body, findings=["bad"]))
    manifest = runs.snapshots.manifest(newest)

    assert read_later(runs.snapshots, manifest).failed == ()
    assert [proof.level for proof in proofs(runs.snapshots, manifest)] == [0, 1]


def test_the_proof_of_another_snapshot_proves_nothing(world: World) -> None:
    runs, _ = world
    newest = choose(runs.snapshots, name(0), "latest")
    (other, *_) = runs.snapshots.list(name(1))
    proof = runs.store.get(f"clusters/{newest.cluster}/{newest.id}/verified/1.json").body
    runs.store.put(f"clusters/{other.cluster}/{other.id}/verified/1.json", proof)

    found = read_later(runs.snapshots, runs.snapshots.manifest(other))

    assert (found.proved, len(found.findings)) == ((), 1)


def test_runs_that_are_forged_in_numbers_bring_doubt_and_no_older_snapshot(world: World) -> None:
    runs, _ = world
    key = dict(documents(runs))["run"]
    document = json.loads(runs.store.get(key).body)
    older = next(iter(runs.snapshots.list(name(0))))
    for number in range(70):
        ident = f"29991231T0000{number % 60:02d}Z-{number:08x}"
        clusters = {name(0): {**document["clusters"][name(0)], "snapshot": older.id}}
        forged = unsigned(runs.store.get(key).body, id=ident, clusters=clusters, number=10**9)
        runs.store.put(f"runs/{ident}.json", forged)

    assert not is_green(runs)
    assert restores_nothing_older(runs, asking=True)
    assert restores_nothing_older(runs, asking=False)


def test_a_document_of_another_store_of_the_same_key_counts_for_nothing(
    world: World, tmp_path: Path
) -> None:
    runs, _ = world
    other = Runs(runs.state, type(runs.store)(), runs.keys, at=4000)
    other.run().require()
    epoch.check(other.snapshots, name(0), "s3://elsewhere")
    key = f"clusters/{name(0)}/epoch.json"
    runs.store.put(key, other.store.get(key).body)

    with pytest.raises(KledError, match="another snapshot store") as refused:
        epoch.check(runs.snapshots, name(0), runs.state.location.url)

    assert not isinstance(refused.value, EpochMismatch)


def test_a_forged_epoch_is_refused_without_advice_to_follow_it(world: World) -> None:  # fault 97
    runs, _ = world
    key = f"clusters/{name(0)}/epoch.json"
    runs.store.put(key, unsigned(runs.store.get(key).body, state_store="s3://evil", number=7))

    with pytest.raises(KledError, match="is not signed") as refused:
        epoch.check(runs.snapshots, name(0), runs.state.location.url)

    assert "s3://evil" not in f"{refused.value} {refused.value.hint}"
    assert "believe no URL in it" in str(refused.value.hint)
    runs.store.delete(key)  # as the hint says
    assert epoch.check(runs.snapshots, name(0), runs.state.location.url).number == 1


def test_an_epoch_of_the_first_format_that_is_put_back_counts_for_nothing(world: World) -> None:
    runs, _ = world
    key = f"clusters/{name(0)}/epoch.json"
    runs.store.put(key, json.dumps({"state_store": "s3://old-side", "number": 1}).encode())

    with pytest.raises(KledError, match="is not signed"):
        epoch.check(runs.snapshots, name(0), "s3://old-side")


def test_a_healthy_snapshot_is_restored_by_its_id_whatever_stands_beside_it(world: World) -> None:
    runs, _ = world  # fault 84
    newest = choose(runs.snapshots, name(0), "latest")
    for key in copied(runs.store):
        if key.split("/")[0] in {"runs", "prunes", "claims", "sweeps", "kled.json"}:
            runs.store.put(key, b'{"format": 2, "removed": "../../../x", "n": Infinity}')

    assert restored(runs.snapshots, name(0), newest.id)[ADDON] == NEW
    assert runs.snapshots.manifest(SnapshotRef(name(0), newest.id)).level == 1


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    return signed_world(tmp_path_factory.mktemp("keys"))


def attack(runs: Runs, before: dict[str, bytes], chance: random.Random) -> str:
    """Do one thing that whoever may write there can do; return it in words."""
    there = keys(runs.store)
    key = chance.choice(there)
    what = chance.choice(("delete", "flip", "strip", "replay", "move", "junk", "copy to a new id"))
    body = runs.store.get(key).body
    match what:
        case "delete":
            runs.store.delete(key)
        case "replay" if before:
            key = chance.choice(sorted(before))
            runs.store.put(key, before[key])
        case "move":
            runs.store.put(key, runs.store.get(chance.choice(there)).body)
        case "junk":
            runs.store.put(key, chance.choice((b"", b"{}", b'{"format":2}', b"\0" * 99)))
        case "strip" if key in before and key.endswith(".json"):
            runs.store.put(key, unsigned(before[key]))
        case "copy to a new id" if key.startswith(("runs/", "prunes/", "claims/")):
            key = f"{key.split('/')[0]}/29991231T000000Z-{chance.randrange(1 << 32):08x}.json"
            runs.store.put(key, body)
        case _:
            runs.store.put(key, flipped(body) if body else b"x")
    return f"{what} {key}"


@pytest.mark.parametrize("seed", range(0, 100, 20))
def test_no_sequence_of_attacks_brings_an_older_secret_or_a_green_verification(
    built: World, seed: int
) -> None:
    world, before = built
    for one in range(seed, seed + 20):
        chance = random.Random(one)  # noqa: S311 - not for keys
        runs = Runs(world.state, MemoryStore(name=store_name(world)), world.keys, at=9000 + one)
        runs.later = world.later
        for key, body in copied(world.store).items():
            runs.store.put(key, body)
        done = [attack(runs, before, chance) for _ in range(chance.randrange(1, 6))]

        refused = restores_nothing_older(runs, asking=True)
        assert not (refused and is_green(runs) and proves_all(runs)), done
        loses_nothing(runs)


def store_name(world: Runs) -> str:
    """Return the name that makes a store one of the same URL, which the state store remembers."""
    return world.store.location.url.removeprefix("memory://")


def proves_all(runs: Runs) -> bool:
    """Say whether every snapshot that is there verifies."""
    return all(
        verify(runs.snapshots, ref, level=1, by="test", record=False).trustworthy
        for ref in runs.snapshots.list()
    )


@pytest.mark.parametrize("left", ["all", "no signed run", "no signed document"])
def test_a_run_that_is_forged_for_the_time_before_signatures_changes_no_order(
    world: World, left: str
) -> None:
    """Its id is old enough to count unsigned, its number the highest, and it was written last."""
    runs, _ = world
    there = dict(documents(runs))
    ids = [ref.id for ref in runs.snapshots.list(name(0))]
    body = runs.store.get(there["run"]).body
    entry = json.loads(body)["clusters"][name(0)]
    clusters = {name(0): {**entry, "snapshot": ids[0], "overtakes": ids[1:]}}
    ident = "20200101T000000Z-00000000"
    forged = unsigned(body, id=ident, clusters=clusters, number=10**9, signed_since=None)
    for key in keys(runs.store):
        if (key.startswith("runs/") and left != "all") or (
            key == "kled.json" and left == "no signed document"
        ):
            runs.store.delete(key)
    runs.store.put(f"runs/{ident}.json", forged)

    assert restores_nothing_older(runs, asking=True) == (left != "all")
    restores_nothing_older(runs, asking=False)
    loses_nothing(runs)


def test_a_prune_forged_for_the_time_before_signatures_excuses_nothing_that_a_run_names(
    tmp_path: Path,
) -> None:
    runs = Runs(state(1), MemoryStore(), at=60)
    runs.keys = Keys(signing_key=signing_key(tmp_path))
    runs.run().require_whole()
    (only,) = runs.snapshots.list()
    runs.store.delete("kled.json")
    runs.later = timedelta(days=2)
    runs.run()
    excuse = {"format": 1, "removed": [[only.cluster, only.id]], "freed": []}
    runs.store.put(f"prunes/{only.id[:-1]}f.json", json.dumps(excuse).encode())
    runs.store.delete(f"clusters/{only.cluster}/{only.id}/manifest.json")

    assert not is_green(runs)
    assert read_ledger(runs.snapshots).missing([]) == (only,)
