"""A `kled.json` of an unknown format keeps writers out, and nobody from a restore.

A member of fault 83: a dozen bytes there ended every list, verification and restore of the store,
also of one that is signed, with the advice to upgrade.
"""

from pathlib import Path

import pytest

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.choosing import choose
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.proofs import proofs
from kled.snapshot.documents.root import look
from kled.snapshot.progress import Quiet
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.trust.judging import judge_all, read_listing
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.attacks import ADDON, NEW, prune
from tests.unit.snapshot.fleets import Runs, name, restored, state
from tests.unit.snapshot.signing_keys import signing_key

ODD = b'{"format": 99}'


@pytest.fixture(params=["plain", "signed"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Runs:
    key = None if request.param == "plain" else signing_key(tmp_path)
    runs = Runs(state(1), MemoryStore(), Keys(signing_key=key))
    runs.state.put(f"{name(0)}/{ADDON}", NEW)
    runs.run().require_whole()
    runs.store.put("kled.json", ODD)
    return runs


def test_what_is_there_is_listed_chosen_verified_and_restored(runs: Runs) -> None:
    latest = choose(runs.snapshots, name(0), "latest", state=runs.state)

    assert restored(runs.snapshots, name(0), latest.id)[ADDON] == NEW
    assert judge_all(runs.snapshots, read_listing(runs.snapshots))
    done = verify(runs.snapshots, latest, level=1, by="test")
    assert done.trustworthy
    assert len(proofs(runs.snapshots, runs.snapshots.manifest(latest))) == 2


def test_a_check_of_the_store_is_not_green(runs: Runs) -> None:
    assert read_ledger(runs.snapshots).findings == (
        "kled.json has format 99, and this kled reads 2",
    )


@pytest.mark.parametrize("body", [b'{"format": 2}', b"{", b'{"of": "a newer kled"}'])
def test_what_is_damaged_is_no_newer_kleds_whatever_its_words(runs: Runs, body: bytes) -> None:
    """It was told by the words of a hint: they may say what they like."""
    assert look(runs.snapshots).newer
    runs.store.put("kled.json", body)

    assert not look(runs.snapshots).newer


def test_nothing_is_written_there(runs: Runs) -> None:
    before = {key: runs.store.get(key).body for key in keys(runs.store)}

    for write in (runs.run, lambda: prune(runs)):
        with pytest.raises(SnapshotNotTrustworthy, match="nothing is written") as refused:
            write()
        assert "remove kled.json from the store, it is written anew" in str(refused.value.hint)

    assert {key: runs.store.get(key).body for key in keys(runs.store)} == before


def test_a_second_site_of_a_newer_kled_takes_nothing(runs: Runs) -> None:
    target = MemoryStore()
    target.put("kled.json", ODD)

    with pytest.raises(SnapshotNotTrustworthy, match="nothing is written"):
        mirror(runs.snapshots, target, Quiet())

    assert keys(target) == ["kled.json"]


def test_it_is_made_anew_as_the_hint_says(runs: Runs) -> None:
    runs.store.delete("kled.json")

    runs.run()

    assert read_ledger(runs.snapshots).findings == ()
