"""The clusters of a state store, listed in parts at once."""

import threading
from collections.abc import Callable
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from kled.operations.fleet.registered import all_prefixes, prefixes
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import Watched

T = TypeVar("T")
NAMES = [f"c{number}{end}" for number in range(60) for end in ("", "-b", ".x")]


def state(names: set[str], objects: int = 2) -> MemoryStore:
    store = MemoryStore()
    for name in names:
        for number in range(objects):
            store.put(f"{name}/instancegroup/{number}", b"")
    return store


@settings(max_examples=60, deadline=None)
@given(present=st.sets(st.sampled_from(NAMES)), known=st.sets(st.sampled_from(NAMES)))
def test_parts_yield_every_cluster_once_and_in_order(present: set[str], known: set[str]) -> None:
    store = state(present)

    assert list(all_prefixes(store, known)) == list(prefixes(store))


class Together(Watched):
    """Answers two listings when both are under way."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self._both = threading.Barrier(2)
        self._listing: set[int] = set()

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        if threading.get_ident() not in self._listing:
            self._listing.add(threading.get_ident())
            self._both.wait(20)
        return call()


def test_the_parts_of_a_known_fleet_are_listed_at_once() -> None:
    names = {f"c{number:02d}" for number in range(40)}

    assert list(all_prefixes(Together(state(names)), names)) == sorted(names)
