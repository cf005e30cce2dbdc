"""Listing a whole state store: in parts at once, where an earlier run says which clusters it holds.

One listing of a fleet is page after page, and each waits for the one before it. Parts begin and end
between clusters, so that each cluster is still listed by one part, in one go.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor
from itertools import takewhile
from typing import Final, NamedTuple, TypeVar

from kled.snapshot.create import selection
from kled.snapshot.create.selection import Orphan, Selection
from kled.storage.base import Entry, ObjectStore

_PARTS: Final = 8
_CLUSTERS_A_PART: Final = 16
"""A part costs one page more at most: below this many clusters that would outweigh the gain."""

Chosen = TypeVar("Chosen")


class Part(NamedTuple):
    """The keys after `start` and before `end`; None is the end of the store."""

    start: str
    end: str | None


def parts(known: Collection[str]) -> tuple[Part, ...]:
    """Divide a state store that held these clusters; what came or went since is in a part, too."""
    names = sorted(known)
    number = max(1, min(_PARTS, len(names) // _CLUSTERS_A_PART))
    bounds = [f"{names[len(names) * part // number]}/" for part in range(1, number)]
    return tuple(map(Part, ["", *bounds], [*bounds, None]))


def fleet(
    state: ObjectStore,
    known: Collection[str],
    backups: int | None,
    workers: Executor,
    choose: Callable[[Selection | Orphan], Chosen],
) -> Iterator[tuple[int, Chosen]]:
    """Yield what `choose` makes of each cluster, in order, with the number of entries before it.

    `choose` is called in the workers' threads as the listing goes on, so that what is not kept of
    a cluster is not kept in memory either.
    """

    def listed(part: Part) -> tuple[list[tuple[int, Chosen]], int]:
        entries = _CountedPart(state, part)
        clusters = [
            (before, choose(listed_cluster))
            for before, listed_cluster in selection.fleet(entries, backups)
        ]
        return clusters, entries.number

    before = 0
    for clusters, number in workers.map(listed, parts(known if state.seeks else ())):
        for place, chosen in clusters:
            yield before + place, chosen
        before += number


class _CountedPart:
    """The entries of a part, which are counted as they come."""

    def __init__(self, state: ObjectStore, part: Part) -> None:
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
