"""What the listing of a fleet shows: what is done with, and what is new, of which a few are begun.

To make the snapshot of a cluster costs some round trips, and a listing goes on for longer. But each
that is begun meanwhile is listed once more by itself, where of many one second listing is cheaper.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from kled.snapshot.create.listing import ListedFleet
from kled.snapshot.create.results import ClusterResult
from kled.snapshot.create.selection import Orphan, Selection

_AT_MOST: Final = 4
LookedAt: TypeAlias = Selection | Orphan | ClusterResult | Future[ClusterResult]


@dataclass(slots=True)
class SortedOut:
    """What became of each cluster that was listed."""

    done: list[ClusterResult] = field(default_factory=list)
    new: list[tuple[int, Selection]] = field(default_factory=list)
    """What nobody has begun with, with its place in the listing."""
    orphans: list[str] = field(default_factory=list)
    last: int = 0
    """The place of the last one."""


def sort_out(under_way: ListedFleet[LookedAt]) -> SortedOut:
    """Wait for the listing, and for what was begun meanwhile."""
    clusters = SortedOut()
    begun: list[Future[ClusterResult]] = []
    for clusters.last, looked_at in under_way.chosen():
        if isinstance(looked_at, Orphan):
            clusters.orphans.append(looked_at.name)
        elif isinstance(looked_at, Selection):
            clusters.new.append((clusters.last, looked_at))
        elif isinstance(looked_at, Future):
            begun.append(looked_at)
        else:
            clusters.done.append(looked_at)
    clusters.done += [making.result() for making in begun]
    return clusters


class Early:
    """Begins to make the snapshots of the first clusters that are new; safe for threads."""

    def __init__(self, workers: Executor, make: Callable[[Selection], ClusterResult]) -> None:
        self._workers, self._make = workers, make
        self._lock = threading.Lock()
        self._left = _AT_MOST

    def begin(self, chosen: Selection) -> Future[ClusterResult] | None:
        """Call `make` in a worker; None where as many were begun as may be."""
        with self._lock:
            if self._left == 0:
                return None
            self._left -= 1
        return self._workers.submit(self._make, chosen)
