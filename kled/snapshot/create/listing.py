"""Listing a whole state store: in parts at once, where an earlier run says which clusters it holds.

One listing of a fleet is page after page, and each waits for the one before it. Parts begin and end
between clusters, so that each cluster is still listed by one part, in one go.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from itertools import takewhile
from typing import Final, Generic, NamedTuple, TypeVar

from kled.snapshot.create import selection
from kled.snapshot.create.selection import Orphan, Selection
from kled.storage.base import Entry, ObjectStore

_PARTS: Final = 8
_CLUSTERS_A_PART: Final = 16
"""A part costs one page more at most, and some stores look through all that comes after its start:
below this many clusters that would outweigh the gain."""
_WAITING: Final = 16
"""Clusters of a part that are kept until it is known what they are held against."""

Chosen = TypeVar("Chosen")


class KeyRange(NamedTuple):
    """The keys after `start` and before `end`; None is the end of the store."""

    start: str
    end: str | None


def divide(known: Collection[str]) -> tuple[KeyRange, ...]:
    """Divide a state store by the clusters that it held; newer ones fall into a part, too."""
    names = sorted(known)
    number = max(1, min(_PARTS, len(names) // _CLUSTERS_A_PART))
    bounds = [f"{names[len(names) * part // number]}/" for part in range(1, number)]
    return tuple(map(KeyRange, ["", *bounds], [*bounds, None]))


class ListedFleet(Generic[Chosen]):
    """A listing under way, whose clusters nobody chooses from before `go_on`.

    What they are held against is asked for in the meantime.
    """

    def __init__(
        self,
        state: ObjectStore,
        known: Collection[str],
        backups: int | None,
        workers: Executor,
        choose: Callable[[Selection | Orphan], Chosen],
    ) -> None:
        self._state, self._backups, self._choose = state, backups, choose
        self._ready: Future[None] = Future()
        self._unwanted = False
        within = divide(known if state.seeks else ())
        self._parts = [workers.submit(self._listed, part) for part in within]

    def go_on(self) -> None:
        """Let `choose` be called, in the workers' threads."""
        self._ready.set_result(None)

    def give_up(self) -> None:
        """Let the listing end at the cluster that it is at."""
        self._unwanted = True
        self._ready.cancel()

    def chosen(self) -> Iterator[tuple[int, Chosen]]:
        """Yield what `choose` makes of each cluster, in order, with the number of entries before.

        What is not kept of a cluster is not kept in memory either.
        """
        before = 0
        for part in self._parts:
            clusters, number = part.result()
            for place, chosen in clusters:
                yield before + place, chosen
            before += number

    def _listed(self, part: KeyRange) -> tuple[list[tuple[int, Chosen]], int]:
        entries = _CountedPart(self._state, part)
        clusters: list[tuple[int, Chosen]] = []
        waiting: list[tuple[int, Selection | Orphan]] = []

        def choose() -> None:
            self._ready.result()
            clusters.extend((before, self._choose(listed)) for before, listed in waiting)
            waiting.clear()

        for place in selection.select_fleet(entries, self._backups):
            if self._unwanted:
                raise CancelledError
            waiting.append(place)
            if self._ready.done() or len(waiting) >= _WAITING:
                choose()
        choose()
        return clusters, entries.number


@contextmanager
def list_fleet(
    state: ObjectStore,
    known: Collection[str],
    backups: int | None,
    workers: Executor,
    choose: Callable[[Selection | Orphan], Chosen],
) -> Iterator[ListedFleet[Chosen]]:
    """Begin to list the state store; left by an error it is given up."""
    begun = ListedFleet(state, known, backups, workers, choose)
    try:
        yield begun
    except BaseException:
        begun.give_up()
        raise


class _CountedPart:
    """The entries of a part, which are counted as they come."""

    def __init__(self, state: ObjectStore, part: KeyRange) -> None:
        self._state = state
        self._part = part
        self.number = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._part_of(self._state.entries(start_after=self._part.start)):
            self.number += 1
            yield entry

    def _part_of(self, entries: Iterable[Entry]) -> Iterable[Entry]:
        end = self._part.end
        return entries if end is None else takewhile(lambda entry: entry.key < end, entries)
