"""Reading many clusters along one second listing of the whole state store.

A second listing proves what was read only where it was taken later. Listings come in pages of at
most 1000 entries, and the one that holds an entry may have been taken up to 999 entries before that
entry is reached; so each cluster is read some pages ahead of the listing, and the listing is
believed for those only that were read more than a page before it. What is read and not listed yet
is a few pages' worth, whatever the size of the fleet, and less where those are many bytes.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Final, NamedTuple

from kled.snapshot.create import selection
from kled.snapshot.create.reading import Reader
from kled.snapshot.create.selection import Orphan, Selection
from kled.storage.base import Entry, ObjectStore

PAGE: Final = 1000
"""The most entries that one request may bring (`ObjectStore.entries`)."""
_AHEAD: Final = 4 * PAGE
_LATER: Final = 2 * PAGE
_HELD: Final = 8 << 20
"""Bytes of clusters that wait for the listing: with so many, none is begun before it has to be."""


class _Begun(NamedTuple):
    """A cluster whose reading was begun."""

    place: int
    reader: Reader
    read: Future[int]
    """How far the listing was when all was read."""
    size: int
    """Bytes of it in memory, once it was read."""


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
    reading: deque[_Begun] = deque()

    def start_until(place: int, most: int | None = None) -> None:
        while (
            waiting
            and waiting[0][0] < place
            and (most is None or sum(begun.size for begun in reading) < most)
        ):
            position, chosen = waiting.popleft()
            reader = reader_of(chosen)
            read = workers.submit(_read, reader, counted)
            reading.append(_Begun(position, reader, read, reader.size))

    start_until(_AHEAD + 1)
    _wait(reading, _AHEAD)
    listing = selection.select_fleet(counted.entries(), backups)
    for before, again in listing:
        name = again.name if isinstance(again, Orphan) else again.cluster
        while reading and f"{reading[0].reader.selection.cluster}/" <= f"{name}/":
            _, reader, read, _ = reading.popleft()
            late = read.result() == 0 or read.result() + _LATER <= before
            same = reader.selection.cluster == name
            yield reader, again if late and same else None
        start_until(counted.number + _AHEAD)
        start_until(counted.number + 2 * _AHEAD, _HELD)
        _wait(reading, counted.number + _AHEAD)
    start_until(1 << 62)
    for begun in reading:
        begun.read.result()
        yield begun.reader, None


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


def _wait(reading: Iterable[_Begun], place: int) -> None:
    """Wait until all that begins before `place` is read."""
    for begun in reading:
        if begun.place < place:
            begun.read.result()
