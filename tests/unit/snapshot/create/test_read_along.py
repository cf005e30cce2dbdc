"""How far ahead of the second listing clusters are read: by places, and by bytes."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from kled.snapshot.create.read_along import read_along
from kled.snapshot.create.reading import Reader
from kled.snapshot.create.selection import Selection, select_fleet
from kled.snapshot.progress import Quiet
from kled.storage.memory import MemoryStore

CLUSTERS, OBJECTS = 300, 40


class Here(Executor):
    """Calls at once, where it is asked to."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize(("size", "most"), [(10, 201), (10_000, 101)])
def test_large_clusters_are_begun_no_earlier_than_the_listing_needs_them(
    size: int, most: int
) -> None:
    """Two hundred of 0.4 MB each were read before the listing came to the first."""
    state = MemoryStore()
    for number in range(CLUSTERS):
        for at in range(OBJECTS - 1):
            state.put(f"c{number:03d}/addons/{at:02d}", bytes(size))
        state.put(f"c{number:03d}/config", b"kind: Cluster")
    places = [(before, chosen) for before, chosen in select_fleet(state.entries(), 1)]
    new = [(before, chosen) for before, chosen in places if isinstance(chosen, Selection)]
    begun: list[str] = []

    def reader_of(chosen: Selection) -> Reader:
        begun.append(chosen.cluster)
        return Reader(state, chosen, Here(), Quiet())

    ahead: list[int] = []
    believed = 0
    for _, again in read_along(state, new, 1, Here(), reader_of):
        believed += again is not None
        ahead.append(len(begun) - len(ahead))

    assert len(begun) == CLUSTERS
    assert believed == CLUSTERS
    assert most - 2 <= max(ahead) <= most
