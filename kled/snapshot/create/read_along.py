"""Reading many clusters along one second listing of the whole state store.

A second listing proves what was read only where it was taken later. Listings come in pages of at
most 1000 entries, and the one that holds an entry may have been taken up to 999 entries before that
entry is reached; so each cluster is read some pages ahead of the listing, and the listing is
believed for those only that were read more than a page before it. What is read and not listed yet
is a few pages' worth, whatever the size of the fleet.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Final

from kled.snapshot.create import selection
from kled.snapshot.create.reading import Reader
from kled.snapshot.create.selection import Orphan, Selection
from kled.storage.base import Entry, ObjectStore

PAGE: Final = 1000
"""The most entries that one request may bring (`ObjectStore.entries`)."""
_AHEAD: Final = 4 * PAGE
_LATER: Final = 2 * PAGE


def read_along(
    state: ObjectStore,
    new: Sequence[tuple[int, Selection]],
    backups: int | None,
    workers: Executor,
    reader_of: Callable[[Selection], Reader],
) -> Iterator[tuple[Reader, Selection | Orphan | None]]:
    """Yield each cluster's reader, and what a listing later than its reading shows.

    `new` are selections with their places in the first listing, in its order. None stands for a
    cluster whose listing cannot be believed, or that is gone: it has to be listed by itself.
    """
    counted = _CountedListing(state)
    waiting = deque(new)
    reading: deque[tuple[int, Reader, Future[int]]] = deque()

    def start_until(place: int) -> None:
        while waiting and waiting[0][0] < place:
            position, chosen = waiting.popleft()
            reader = reader_of(chosen)
            reading.append((position, reader, workers.submit(_read, reader, counted)))

    start_until(_AHEAD + 1)
    _wait(reading, _AHEAD)
    listing = selection.select_fleet(counted.entries(), backups)
    for before, again in listing:
        name = again.name if isinstance(again, Orphan) else again.cluster
        while reading and f"{reading[0][1].selection.cluster}/" <= f"{name}/":
            _, reader, read = reading.popleft()
            late = read.result() == 0 or read.result() + _LATER <= before
            same = reader.selection.cluster == name
            yield reader, again if late and same else None
        start_until(counted.number + 2 * _AHEAD)
        _wait(reading, counted.number + _AHEAD)
    start_until(1 << 62)
    for _, reader, read in reading:
        read.result()
        yield reader, None


class _CountedListing:
    """A listing that knows how many of its entries were taken."""

    def __init__(self, state: ObjectStore) -> None:
        self._state = state
        self.number = 0

    def entries(self) -> Iterator[Entry]:
        for entry in self._state.entries():
            self.number += 1
            yield entry


def _read(reader: Reader, counted: _CountedListing) -> int:
    """Read; return how far the listing was when all was read. A failure is the reader's own."""
    reader.try_to_read()
    return counted.number


def _wait(reading: Sequence[tuple[int, Reader, Future[int]]], place: int) -> None:
    """Wait until all that begins before `place` is read."""
    for position, _, read in reading:
        if position < place:
            read.result()
