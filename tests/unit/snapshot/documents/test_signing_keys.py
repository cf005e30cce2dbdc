"""Which keys sign, and which signatures count."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kled.errors import InvalidInput, SnapshotNotTrustworthy
from kled.snapshot.choosing import choose
from kled.snapshot.documents import signed, signing
from kled.snapshot.documents.keys import Keys
from kled.snapshot.trust.ledger import read_ledger
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.signing_keys import signing_key


def test_a_signing_key_alone_checks_what_it_signed(tmp_path: Path) -> None:  # fault 86
    runs = Runs(state(1), MemoryStore())
    runs.run().require()
    signing_runs = Runs(runs.state, runs.store, Keys(signing_key=signing_key(tmp_path)), at=60)

    with pytest.raises(SnapshotNotTrustworthy, match="is not signed"):
        signing_runs.snapshots.manifest(choose(runs.snapshots, name(0), "latest"))


def test_a_first_key_makes_no_run_look_as_if_it_was_removed(tmp_path: Path) -> None:
    """A run that is not signed has no number that counts, and the state store remembers one."""
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    newest = runs.run().require_whole().run
    later = Runs(runs.state, runs.store, Keys(signing_key=signing_key(tmp_path)), at=60)

    assert read_ledger(later.snapshots, later.state).doubts == ()

    later.run()
    later.run().require_whole()
    runs.store.delete(f"runs/{newest}.json")  # from before: a signed one came since
    assert read_ledger(later.snapshots, later.state).doubts == ()


def test_with_a_first_key_a_run_that_was_removed_is_still_missed(tmp_path: Path) -> None:
    runs = Runs(state(1), MemoryStore())
    for _ in range(2):
        last = runs.run().require_whole().run
    runs.store.delete(f"runs/{last}.json")
    later = Runs(runs.state, runs.store, Keys(signing_key=signing_key(tmp_path)), at=60)

    (doubt,) = read_ledger(later.snapshots, later.state).doubts

    assert f"the state store remembers run {last}" in doubt


def test_a_pair_that_does_not_fit_is_refused(tmp_path: Path) -> None:  # fault 86
    mine, other = signing_key(tmp_path, "mine"), signing_key(tmp_path, "other")
    keys = Keys(signing_key=mine, verification_keys=(signing.public_key(other),))

    with pytest.raises(InvalidInput) as refused:
        signing.verification_keys(keys)

    assert refused.value.field == "KLED_SNAPSHOT_SIGNING_KEY"
    assert signing.public_key(mine) in refused.value.message


def test_a_key_that_was_replaced_still_counts_where_both_are_named(tmp_path: Path) -> None:
    old, new = signing_key(tmp_path, "old"), signing_key(tmp_path, "new")
    both = (signing.public_key(new), signing.public_key(old))
    runs = Runs(state(1), MemoryStore(), Keys(signing_key=old))
    runs.run().require()

    later = Runs(runs.state, runs.store, Keys(signing_key=new, verification_keys=both), at=60)
    first = later.snapshots.manifest(choose(later.snapshots, name(0), "latest"))
    runs.state.put(f"{name(0)}/addons/a.addons.k8s.io/v1.yaml", b"changed")
    later.run().require()
    second = later.snapshots.manifest(choose(later.snapshots, name(0), "latest"))

    signers = [one.signature.public_key for one in (first, second) if one.signature]
    assert signers == [signing.public_key(old), signing.public_key(new)]
    only_new = replace(later.snapshots.keys, verification_keys=both[:1])
    with pytest.raises(SnapshotNotTrustworthy, match="a configured key"):
        signing.require(first, signing.verification_keys(only_new))


@pytest.mark.parametrize("text", ["", "a2V5", "é" * 44, base64.b64encode(bytes(33)).decode()])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="Ed25519 public key"):
        signing.verification_keys(Keys(verification_keys=(text,)))


def test_no_byte_of_a_signature_can_be_changed_unnoticed(tmp_path: Path) -> None:  # fault 81
    """It stands outside of the digest: nothing else would notice the name of a field."""
    runs = Runs(state(1), MemoryStore(), Keys(signing_key=signing_key(tmp_path)))
    runs.run().require()
    keys = signing.verification_keys(runs.snapshots.keys)
    (ref,) = runs.snapshots.list()
    kinds = set()
    for key, body in list(signed_documents(runs.store)):
        kind = json.loads(body).get("kind", "manifest")
        kinds.add(kind)
        for changed in changed_signatures(body):
            with pytest.raises(SnapshotNotTrustworthy):
                if kind == "manifest":
                    runs.store.put(key, changed)
                    runs.snapshots.manifest(ref)
                else:
                    signed.decode(kind, key, changed, keys)
    assert kinds == {"manifest", "root", "run"}


def signed_documents(store: ObjectStore) -> Iterator[tuple[str, bytes]]:
    for entry in store.entries(""):
        if entry.key.endswith(".json"):
            yield entry.key, store.get(entry.key).body


def changed_signatures(body: bytes) -> Iterator[bytes]:
    """Each byte of the signature changed by one bit, and a field more than it should have."""
    begin = body.index(b'"signature":{')
    for at in range(begin, body.index(b"}", begin)):
        yield body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    yield body.replace(b'"signature":{', b'"signature":{"aaa":1,')
