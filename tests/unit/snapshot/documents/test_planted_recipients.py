"""Nobody who may write to a snapshot store chooses to whom its snapshots are encrypted.

A member of fault 97: hints told people to set what stood in `kled.json`, whoever had written it,
and the next run signed it.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from kled.errors import InvalidInput
from kled.operations.checks import snapshot_store
from kled.snapshot.documents.keys import Keys
from kled.snapshot.trust.ledger import read_ledger
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.attacks import unsigned
from tests.unit.snapshot.fleets import Runs, state
from tests.unit.snapshot.restoring import age_keys
from tests.unit.snapshot.signing_keys import signing_key

EVIL = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdx8l4ymqs3y7ze"
Plant = Callable[[MemoryStore], None]


def plant(store: MemoryStore) -> None:
    """Name an own recipient, in the form of today."""
    store.put("kled.json", unsigned(store.get("kled.json").body, recipients=[EVIL]))


def plant_format_1(store: MemoryStore) -> None:
    """The same as a kled before signatures wrote it."""
    body = b'{"format": 1, "created": "2026-01-01T00:00:00+00:00", "recipients": ["%s"]}'
    store.put("kled.json", body % EVIL.encode())


@pytest.mark.parametrize("how", [plant, plant_format_1])
def test_a_signed_store_does_not_come_to_vouch_for_them(tmp_path: Path, how: Plant) -> None:
    store = MemoryStore()
    sealed = age_keys(tmp_path)
    runs = Runs(state(1), store, Keys(sealed.recipients, signing_key=signing_key(tmp_path)))
    runs.run().require_whole()
    how(store)

    runs.run()

    root = runs.snapshots.root
    assert root.signed
    assert root.root is not None
    assert root.root.recipients == sealed.recipients
    assert read_ledger(runs.snapshots).recipients == sealed.recipients


@pytest.mark.parametrize("how", [plant, plant_format_1])
def test_a_signed_store_of_plain_snapshots_is_not_stopped_by_them(
    tmp_path: Path, how: Plant
) -> None:
    store = MemoryStore()
    runs = Runs(state(1), store, Keys(signing_key=signing_key(tmp_path)))
    runs.run().require_whole()
    how(store)

    assert [one.error for one in runs.run().clusters] == [None]
    assert EVIL.encode() not in store.get("kled.json").body


@pytest.mark.parametrize("how", [plant, plant_format_1])
def test_no_hint_of_a_store_without_signatures_vouches_for_them(how: Plant) -> None:
    store = MemoryStore()
    runs = Runs(state(1), store)
    runs.run().require_whole()
    how(store)

    with pytest.raises(InvalidInput) as refused:
        runs.run()
    told = snapshot_store._plain(runs.snapshots)

    assert "no signature vouches for that: compare" in str(refused.value.hint)
    assert str(told.hint).startswith("no signature vouches for the recipients")


def test_those_that_are_signed_are_named_as_they_are(tmp_path: Path) -> None:
    store, sealed, key = MemoryStore(), age_keys(tmp_path), signing_key(tmp_path)
    Runs(state(1), store, Keys(sealed.recipients, signing_key=key)).run().require_whole()

    with pytest.raises(InvalidInput) as refused:
        Runs(state(1), store, Keys(signing_key=key), at=60).run()

    assert refused.value.hint == f"its recipients are {sealed.recipients[0]}"
