from collections.abc import Collection, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import StoreUnavailable
from kled.snapshot.create import listing, selection
from kled.snapshot.create.selection import Orphan, Selection
from kled.storage.base import Entry, ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import FailingStore, Watched
from tests.unit.snapshot import fleets

NAMES = [f"c{number}{end}" for number in range(60) for end in ("", "-b", ".x")]


class Azurelike(Watched):
    """Lists what comes before the start, too, and remembers where listings started."""

    seeks = False

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self.starts: list[str] = []

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        self.starts.append(start_after)
        return super().entries(prefix, start_after=start_after)


def seen(found: Selection | Orphan) -> tuple[str, int]:
    if isinstance(found, Orphan):
        return found.name, found.objects
    return found.cluster, found.listed


def listed(
    store: ObjectStore, known: Collection[str], workers: Executor
) -> list[tuple[int, tuple[str, int]]]:
    with listing.list_fleet(store, known, 2, workers, seen) as under_way:
        under_way.go_on()
        return list(under_way.chosen())


@settings(max_examples=60, deadline=None)
@given(there=st.sets(st.sampled_from(NAMES)), known=st.sets(st.sampled_from(NAMES)))
def test_parts_list_every_cluster_once_in_order_and_at_its_place(
    there: set[str], known: set[str]
) -> None:
    store = MemoryStore()
    for name in there:
        store.put(f"{name}/config", b"")
        store.put(f"{name}/instancegroup/nodes", b"")

    with ThreadPoolExecutor(4) as workers:
        in_parts = listed(store, known, workers)

    assert in_parts == [
        (before, seen(found)) for before, found in selection.select_fleet(store.entries(), 2)
    ]


def test_a_known_fleet_is_listed_in_parts_and_an_unknown_or_small_one_in_one() -> None:
    known = [fleets.name(number) for number in range(200)]

    assert len(listing.divide(known)) == 8
    assert len(listing.divide(known[:40])) == 2
    assert len(listing.divide(known[:31])) == len(listing.divide(())) == 1


def test_a_store_that_cannot_seek_is_listed_in_one() -> None:
    store = Azurelike(fleets.state(40))
    known = [fleets.name(number) for number in range(40)]

    with ThreadPoolExecutor(4) as workers:
        found = listed(store, known, workers)

    assert [name for _, (name, _) in found] == known
    assert store.starts == [""]


def test_a_part_that_fails_fails_the_listing() -> None:
    state = fleets.state(40)
    known = [fleets.name(number) for number in range(40)]
    store = FailingStore(state, at=len(list(state.entries())))

    with ThreadPoolExecutor(4) as workers, pytest.raises(StoreUnavailable):
        listed(store, known, workers)
