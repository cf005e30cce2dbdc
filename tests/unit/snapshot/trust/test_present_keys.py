"""What it costs to hold snapshots against the keys that are stored, and who may fail (look 3)."""

from collections.abc import Callable, Iterable
from functools import partial

from kled.operations.snapshots.present_keys import (
    PresentKeys,
    UnsnapshottedClusters,
    look,
    without_snapshot,
)
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.trust.origin import Origins
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import BilledStore, FailingStore
from tests.unit.snapshot.fleets import Runs, name, state

ADMIN = "secrets/admin"
KNOWN = [name(number) for number in range(3)]


def fleet() -> tuple[MemoryStore, Runs]:
    stored = state(3)
    runs = Runs(stored, MemoryStore())
    runs.run().require_whole()
    return stored, runs


def newest(runs: Runs) -> Iterable[Manifest]:
    return [runs.snapshots.manifest(ref) for ref in runs.snapshots.list()]


def origins(runs: Runs, store: ObjectStore) -> Origins:
    return Origins(read_ledger(runs.snapshots, store))


def others(asked: Origins) -> Callable[[], UnsnapshottedClusters]:
    return partial(without_snapshot, asked.ledger, KNOWN)


def test_tags_tell_without_reading_any_object() -> None:
    stored, runs = fleet()
    billed = BilledStore(stored)
    asked, manifests = origins(runs, billed), newest(runs)
    billed.bill()

    assert look(asked, manifests, others(asked)) == PresentKeys()
    assert billed.bill() == {"LIST": 2 * len(KNOWN) + 1}, "keysets, secrets; one for new clusters"

    body = stored.get(f"{KNOWN[0]}/{ADMIN}").body
    stored.put(f"{KNOWN[0]}/{ADMIN}", body)
    stored.put(f"{KNOWN[1]}/{ADMIN}", bytes(reversed(body)))
    stored.put(f"{KNOWN[2]}/{ADMIN}", body + b" ")
    told = look(asked, manifests)
    assert billed.bill() == {"LIST": 2 * len(KNOWN), "GET": 3}, "is what differs damaged?"
    assert sorted(told.lacking) == KNOWN[1:]


def test_a_state_store_that_stops_answering_fails_nothing_and_is_said() -> None:
    stored, runs = fleet()
    calls = FailingStore(stored, at=0)
    read_ledger(runs.snapshots, calls)
    asked = origins(runs, FailingStore(stored, at=calls.calls + 1, for_good=True))

    told = look(asked, newest(runs), others(asked))

    assert told.unknown.startswith("whether snapshots lack keys is not known: ")
    assert (told.lacking, told.bare) == ({}, ())


def test_one_that_did_not_answer_before_is_not_asked_again() -> None:
    stored, runs = fleet()
    silent = FailingStore(stored, at=1, for_good=True)
    asked = origins(runs, silent)
    before = silent.calls

    assert look(asked, newest(runs), others(asked)) == PresentKeys()
    assert silent.calls == before
    assert len(asked.ledger.remarks) == 1
