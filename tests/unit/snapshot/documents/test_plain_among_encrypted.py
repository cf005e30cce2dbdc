"""A store of encrypted snapshots takes no plain ones, whoever forgot the setting (fault 24)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kled.errors import InvalidInput, SettingsError
from kled.snapshot.documents import names
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.snapshot.retention.mirror import mirror
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.restoring import age_keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def forgetful(runs: Runs) -> Runs:
    """The same state store and snapshot store, on a machine without the setting, a minute later."""
    return Runs(runs.state, runs.store, at=60)


def nothing(_store: MemoryStore) -> None:
    pass


def gone(store: MemoryStore) -> None:
    store.delete(names.ROOT)


def damaged(store: MemoryStore) -> None:
    store.put(names.ROOT, b"{")


def made_anew(store: MemoryStore) -> None:
    document = json.loads(store.get(names.ROOT).body)
    store.put(names.ROOT, json.dumps({**document, "recipients": []}).encode())


@pytest.mark.parametrize("then", [nothing, gone, damaged, made_anew])
@pytest.mark.parametrize("clusters", [None, [name(0)]], ids=["all", "one"])
def test_without_recipients_nothing_is_written_among_encrypted_snapshots(
    tmp_path: Path, then: Callable[[MemoryStore], None], clusters: list[str] | None
) -> None:
    store, sealed = MemoryStore(), age_keys(tmp_path)
    runs = Runs(state(1), store, sealed)
    runs.run().require()
    runs.state.put(f"{name(0)}/secrets/admin", b'{"Data":"bmV3"}')
    then(store)
    before = keys(store)

    with pytest.raises(InvalidInput) as refusal:
        forgetful(runs).run(clusters)

    assert refusal.value.exit_code == 2
    assert refusal.value.field == "KLED_SNAPSHOT_RECIPIENTS"
    assert sealed.recipients[0] in str(refusal.value.hint)  # what to set it to
    assert keys(store) == before


def test_with_other_recipients_all_is_encrypted_to_them(tmp_path: Path) -> None:
    store = MemoryStore()
    first = Runs(state(1), store, age_keys(tmp_path))
    first.run().require()
    (tmp_path / "other").mkdir()
    other = age_keys(tmp_path / "other")

    Runs(first.state, store, other, at=60).run().require()

    newest = max(first.snapshots.list(name(0)))
    manifest = first.snapshots.manifest(newest)
    assert manifest.recipients == other.recipients
    assert all(one.encrypted for one in manifest.payloads)


def test_a_plain_store_stays_one_until_recipients_are_named(tmp_path: Path) -> None:
    store = MemoryStore()
    runs = Runs(state(1), store, Keys())
    runs.run().require()
    runs.run().require()

    Runs(runs.state, store, age_keys(tmp_path), at=60).run().require()
    with pytest.raises(InvalidInput):
        forgetful(runs).run()


def test_a_mirror_takes_no_plain_snapshots_among_encrypted_ones(tmp_path: Path) -> None:
    """Another member: the other way for keys to lie in clear in an encrypted store."""
    sealed = Runs(state(1), MemoryStore(), age_keys(tmp_path))
    sealed.run().require()
    plain = Runs(sealed.state, MemoryStore(), at=60)
    plain.run().require()
    before = keys(sealed.store)

    with pytest.raises(SettingsError, match="keys would lie there in clear"):
        mirror(plain.snapshots, sealed.store, Quiet())

    assert keys(sealed.store) == before


def test_a_mirror_of_encrypted_snapshots_takes_the_plain_ones_of_before_along(
    tmp_path: Path,
) -> None:
    store, second = MemoryStore(), MemoryStore()
    runs = Runs(state(1), store)
    runs.run().require()
    Runs(runs.state, store, age_keys(tmp_path), at=60).run().require()

    for copied in (2, 0):
        assert len(mirror(runs.snapshots, second, Quiet()).require().copied) == copied
