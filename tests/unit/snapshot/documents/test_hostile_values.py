"""Documents of the right form whose values are like no other's: no crash, no hang, no lie.

Whoever may write to a store can put each of them there; where a digest is asked for it is right.
"""

import json
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kled.errors import KledError, SnapshotNotTrustworthy
from kled.snapshot.choosing import choose
from kled.snapshot.diff.diff import diff
from kled.snapshot.diff.views import view_live, view_snapshot
from kled.snapshot.documents import last_seen, names, signed
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.manifest import canonical, digest_of
from kled.snapshot.documents.proofs import read_later, record
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.trust.judging import judge_all, read_listing
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.attacks import ONLY_LAST, documents, signed_world, unsigned
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.signing_keys import signing_key

MOST = (1 << 53) - 1
"""The largest number that the canonical form of JSON has."""
NAIVE = "2026-11-29T00:00:00"
WIDE = "\uff12\uff10\uff12\uff161129T000000Z-00000000"
"""An id to whoever takes the digits of every script for digits."""


@pytest.fixture
def runs() -> Runs:
    made = Runs(state(2), MemoryStore())
    made.run().require_whole()
    return made


def change(runs: Runs, key: str, **fields: object) -> None:
    """Change a document of format 2, with a right digest."""
    runs.store.put(key, unsigned(runs.store.get(key).body, **fields))


def newest_run(runs: Runs) -> str:
    return max(one.key for one in runs.store.entries("runs/"))


def ref_of(runs: Runs) -> SnapshotRef:
    return choose(runs.snapshots, name(0), "newest")


def forge(runs: Runs, **fields: object) -> SnapshotRef:
    """Change the newest manifest, with a right digest."""
    ref = ref_of(runs)
    key = names.manifest_key(ref.cluster, ref.id)
    document: dict[str, Any] = json.loads(runs.store.get(key).body) | fields
    document["digest"] = digest_of(document)
    runs.store.put(key, canonical(document) + b"\n")
    return ref


def test_a_time_without_a_zone_is_damage(runs: Runs) -> None:  # fault 84
    """Compared with one that has a zone it ended in a traceback of every list."""
    ref = ref_of(runs)
    verify(runs.snapshots, ref, level=1, by="test")
    key = names.proof_key(ref.cluster, ref.id, 1)
    change(runs, key, at=NAIVE, findings=["bad"])

    found = judge_all(runs.snapshots, read_listing(runs.snapshots))

    assert [one.trust.trusted for one in found] == [True, True]
    assert read_later(runs.snapshots, runs.snapshots.manifest(ref)).findings

    forge(runs, created=NAIVE)
    with pytest.raises(SnapshotNotTrustworthy, match="created"):
        runs.snapshots.manifest(ref)


@pytest.mark.parametrize(
    "fields",
    [{"fuzzy": "no"}, {"format": True}, {"proofs": [{"level": "1"}]}, {"objects": {}}],
    ids=str,
)
def test_a_manifest_takes_no_type_for_another(runs: Runs, fields: dict[str, object]) -> None:
    ref = forge(runs, **fields)

    with pytest.raises(SnapshotNotTrustworthy):
        runs.snapshots.manifest(ref)


@pytest.mark.parametrize("at", [MOST, MOST - 1])
def test_a_run_with_the_largest_number_is_followed_by_others(runs: Runs, at: int) -> None:
    # fault 87: the next run, of every cluster, ended in a traceback
    change(runs, newest_run(runs), number=at)

    for _ in range(3):
        runs.later += timedelta(hours=1)
        runs.run().require_whole()

        assert read_ledger(runs.snapshots, runs.state).doubts == ()
        assert newest_run(runs) == names.run_key(_newest(runs))


def _newest(runs: Runs) -> str:
    newest = read_ledger(runs.snapshots).newest
    assert newest is not None
    return newest.id


def test_a_last_seen_run_with_the_largest_number_keeps_no_run_from_being_made(runs: Runs) -> None:
    key = last_seen.key_of(runs.snapshots.url)
    runs.state.put(key, unsigned(runs.state.get(key).body, number=MOST))

    runs.run()
    runs.run().require_whole()


def test_an_epoch_with_the_largest_number_can_be_raised(runs: Runs) -> None:
    epoch.check(runs.snapshots, name(0), runs.state.location.url)
    change(runs, names.epoch_key(name(0)), number=MOST)

    epoch.advance(runs.snapshots, name(0), "s3://other")

    assert epoch.read(runs.snapshots, name(0)) == epoch.Epoch("s3://other", MOST)


@pytest.mark.parametrize("past", ["~", "../../x", WIDE])
def test_an_epoch_that_ended_at_no_id_is_damaged(runs: Runs, past: str) -> None:
    epoch.check(runs.snapshots, name(0), runs.state.location.url)
    change(runs, names.epoch_key(name(0)), past=past)

    with pytest.raises(SnapshotNotTrustworthy, match="not a snapshot id"):
        epoch.read(runs.snapshots, name(0))


def test_digits_of_another_script_are_no_id() -> None:
    assert names.is_id("20261129T000000Z-00000000")
    assert not names.is_id(WIDE)
    assert not names.is_id("20261129T000000Z-0000000\u0663")


@pytest.mark.parametrize("since", ["99991231T235959Z-ffffffff", "00010101T000000Z-00000000"])
def test_a_first_signed_document_at_an_end_of_time_is_no_crash(
    runs: Runs, since: str, tmp_path: Path
) -> None:
    epoch.check(runs.snapshots, name(0), runs.state.location.url)
    key = signing_key(tmp_path)
    for entry in runs.store.entries("runs/"):
        runs.store.delete(entry.key)
    fields = {"created": "", "recipients": [], "signed_since": since}
    runs.store.put(
        "kled.json", signed.encode("root", "kled.json", fields, store=None, signing_key=key)
    )
    runs.keys = Keys(signing_key=key)

    later_than_that = pytest.raises(SnapshotNotTrustworthy, match="is not signed")
    with later_than_that if since.startswith("0") else nullcontext():
        assert epoch.read(runs.snapshots, name(0)) is not None


def test_a_kled_json_whose_first_signed_document_is_no_id_is_damaged(runs: Runs) -> None:
    change(runs, "kled.json", signed_since="~")

    assert "not a snapshot id" in str(read_ledger(runs.snapshots).root.finding)


@pytest.mark.parametrize("cluster", ["..evil", ".git", "a b", "-", "x" * 300])
def test_a_manifest_at_a_place_of_no_cluster_is_nobodys_snapshot(runs: Runs, cluster: str) -> None:
    # fault 80: it ended every check of the whole store, and every prune
    ref = ref_of(runs)
    body = runs.store.get(names.manifest_key(ref.cluster, ref.id)).body
    runs.store.put(f"clusters/{cluster}/{ref.id}/manifest.json", body)

    assert {one.cluster for one in runs.snapshots.list()} == {name(0), name(1)}
    assert {one.ref.cluster for one in judge_all(runs.snapshots, read_listing(runs.snapshots))} == {
        name(0),
        name(1),
    }
    assert plan_prune(runs.snapshots, ONLY_LAST).unreadable == ()


def test_a_blob_whose_name_no_store_takes_keeps_no_prune_from_its_work(runs: Runs) -> None:
    # fault 73, in the snapshot store
    for key in ("blobs/aa//x", "blobs/../x", "failed/x/./y", "clusters/a/\x1b/b/c"):
        runs.store._put(key, b"another tool's")  # type: ignore[attr-defined]
    runs.store.put("blobs/aa/garbage", b"old")
    runs.later += timedelta(days=3)

    plan = plan_prune(runs.snapshots, ONLY_LAST)
    done = apply_prune(runs.snapshots, plan, Quiet())

    assert [one.key for one in plan.garbage] == ["blobs/aa/garbage"]
    assert done.collected == 1


def test_a_damaged_kled_json_of_any_size_is_made_anew_without_being_held(runs: Runs) -> None:
    runs.store.put("kled.json", b"x" * (100 << 20))  # fault 84

    tracemalloc.start()
    try:
        runs.run()
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert read_ledger(runs.snapshots).root.current


STRANGE = {
    "a number of many digits": b"kind: Cluster\nmetadata: {name: %s}\nspec: {n: " + b"9" * 5000,
    "a place with a NUL": b'kind: Cluster\nmetadata: {name: %s}\nspec: {configBase: "file:///a\\0b"',
    "a version of many digits": b"kind: Cluster\nmetadata: {name: %s}\nspec: {n: 1",
}


@pytest.mark.parametrize("how", STRANGE)
def test_a_strange_definition_is_taken_checked_and_compared(runs: Runs, how: str) -> None:
    # fault 80: each of these was a traceback of that cluster's run
    config = STRANGE[how].replace(b"%s", name(0).encode()) + b"}\n"
    runs.state.put(f"{name(0)}/config", config)
    if "version" in how:
        runs.state.put(f"{name(0)}/kops-version.txt", b"1." + b"9" * 5000)

    (taken,) = runs.run([name(0)]).clusters

    assert taken.error is None
    ref = ref_of(runs)
    report = verify(runs.snapshots, ref, level=1, by="test")
    assert report.level is not None
    view_snapshot(runs.snapshots, runs.snapshots.manifest(ref), b"k")


@pytest.mark.parametrize("material", ["é", "=", "A", 7, {"a": 1}, ["b"]])
def test_keys_in_any_form_can_be_compared(runs: Runs, material: object) -> None:
    key = f"{name(0)}/pki/private/kubernetes-ca/keyset.yaml"
    keys = [{"id": material, "publicMaterial": material, "privateMaterial": material}]
    document = {"kind": "Keyset", "spec": {"keys": keys, "primaryId": material}}
    runs.state.put(key, json.dumps(document).encode() + b"\n")

    live = view_live(runs.state, name(0), b"k")

    assert diff(view_snapshot(runs.snapshots, runs.snapshots.manifest(ref_of(runs)), b"k"), live)


def test_a_long_key_with_many_leaves_is_not_repeated_for_each(runs: Runs) -> None:
    # fault 92: 4 MiB of such a definition became 100 GB of paths
    leaves = ", ".join(f"a{number}: 1" for number in range(20_000))
    runs.state.put(f"{name(0)}/config", f"spec:\n  ? {'k' * 100_000}\n  : {{{leaves}}}\n".encode())

    tracemalloc.start()
    try:
        view = view_live(runs.state, name(0), b"k")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
    assert any(one.field == "(not in kops' form)" for one in view.facts)


def test_certificates_that_begin_and_never_end_take_no_time(runs: Runs) -> None:
    # fault 84: 360 KB of them took a minute, 4 MiB two hours
    import base64

    text = base64.b64encode(b"-----BEGIN A-----x" * 100_000).decode()
    document = {"kind": "Keyset", "spec": {"keys": [{"id": "1", "publicMaterial": text}]}}
    runs.state.put(
        f"{name(0)}/pki/private/kubernetes-ca/keyset.yaml", json.dumps(document).encode() + b"\n"
    )
    began = time.process_time()

    (taken,) = runs.run([name(0)]).clusters

    assert taken.error is None
    assert time.process_time() - began < 10


def test_no_manifest_is_written_that_nobody_could_read(runs: Runs) -> None:
    """Whatever a version or a place in a definition is called: 4 MiB of it were written twice."""
    huge = "\\u0007" * 600_000
    runs.state.put(f"{name(0)}/kops-version.txt", b"\x07" * (4 << 20))
    runs.state.put(
        f"{name(0)}/config",
        f'kind: Cluster\nmetadata: {{name: {name(0)}}}\nspec: {{configBase: "s3://{huge}",'
        f' kubernetesVersion: "{huge[:60_000]}"}}\n'.encode(),
    )

    (taken,) = runs.run([name(0)]).clusters

    assert taken.error is None
    assert runs.snapshots.manifest(ref_of(runs)).findings


def test_a_cluster_of_too_many_objects_is_said_to_be_so(runs: Runs) -> None:
    manifest = runs.snapshots.manifest(ref_of(runs))
    longer = manifest.model_copy(update={"findings": ("x" * (17 << 20),), "id": _id(manifest.id)})

    with pytest.raises(KledError, match="is read by nobody"):
        runs.snapshots.commit(longer)

    assert len(list(runs.snapshots.list(name(0)))) == 1


def _id(other: str) -> str:
    return f"{other[:-8]}ffffffff"


def test_a_proof_of_many_findings_is_one_that_is_read(runs: Runs) -> None:
    manifest = runs.snapshots.manifest(ref_of(runs))
    proof = manifest.proofs[0]

    record(runs.snapshots, manifest, proof, ["x" * 10_000] * 10_000)

    key = names.proof_key(manifest.cluster, manifest.id, proof.level)
    assert len(runs.store.get(key).body) < signed.LIMITS["proof"]
    assert len(read_later(runs.snapshots, manifest).failed) == 1


class Taking(MemoryStore):
    """Counts the bytes that are sent to it, also of what is given up."""

    sent = 0

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        def counted() -> Iterator[bytes]:
            for chunk in chunks:
                self.sent += len(chunk)
                yield chunk

        return super().write(key, counted(), absent=absent, retain_until=retain_until)


def test_what_took_a_blobs_place_is_not_sent_to_the_second_site(runs: Runs) -> None:
    # fault 87: whatever its size, all of it went there before anybody looked at the digest
    blob = next(one.key for one in runs.store.entries("blobs/"))
    runs.store.put(blob, b"x" * (64 << 20))
    target = Taking()

    report = mirror(runs.snapshots, target, Quiet())

    assert report.failed
    assert target.sent < 1 << 20


def test_no_bit_of_a_document_of_format_2_changes_unnoticed(tmp_path: Path) -> None:
    """Also where nothing is signed: without the name `format` it passed for one of format 1."""
    runs, _ = signed_world(tmp_path)
    kinds: dict[str, signed.DocumentKind] = {
        "kled.json": "root",
        "run": "run",
        "prune": "prune",
        "epoch": "epoch",
        "proof": "proof",
    }
    there = dict(documents(runs))
    for what, kind in kinds.items():
        body = runs.store.get(there[what]).body
        name_at = body.index(b'"format"')
        for at in range(0, len(body), 2):
            require_noticed(kind, there[what], body, at, runs.snapshots.verification_keys)
        for at in range(name_at, name_at + 10):
            require_noticed(kind, there[what], body, at, ())


def require_noticed(
    kind: signed.DocumentKind, key: str, body: bytes, at: int, keys: tuple[str, ...]
) -> None:
    flipped = body[:at] + bytes([body[at] ^ 1 << at % 8]) + body[at + 1 :]
    with pytest.raises(SnapshotNotTrustworthy):
        signed.decode(kind, key, flipped, keys)


@pytest.mark.parametrize("to", [b"3", b"0", b"1"])
def test_a_bit_in_the_format_of_kled_json_is_damage_and_no_newer_kleds(
    runs: Runs, to: bytes
) -> None:  # fault 83: it ended every run, list and verification of the store
    body = runs.store.get("kled.json").body
    runs.store.put("kled.json", body.replace(b'"format":2', b'"format":' + to))

    assert "was changed" in str(read_ledger(runs.snapshots).root.finding)
    assert judge_all(runs.snapshots, read_listing(runs.snapshots))
    assert [one.error for one in runs.run().clusters] == [None, None]
    assert read_ledger(runs.snapshots).root.finding is None
