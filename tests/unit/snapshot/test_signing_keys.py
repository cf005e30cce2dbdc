"""Which keys sign, and which signatures count."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from kled.errors import InvalidInput, SnapshotNotTrustworthy
from kled.snapshot import signing
from kled.snapshot.choosing import choose
from kled.snapshot.keys import Keys
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.signing_keys import signing_key


def test_a_signing_key_alone_checks_what_it_signed(tmp_path: Path) -> None:  # fault 86
    runs = Runs(state(1), MemoryStore())
    runs.run().require()
    signing_runs = Runs(runs.state, runs.store, Keys(signing_key=signing_key(tmp_path)), at=60)

    with pytest.raises(SnapshotNotTrustworthy, match="is not signed"):
        signing_runs.snapshots.manifest(choose(runs.snapshots, name(0), "latest"))


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
