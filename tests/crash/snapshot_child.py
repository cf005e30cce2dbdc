"""A process that works on snapshots in directories, and is killed at its n-th call of a store.

    python snapshot_child.py VERB STATE SNAPSHOTS OTHER N

N of 0 kills nobody; the number of calls is printed at the end.
"""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kled.retry import Clock
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.retention.retention import RetentionPolicy
from kled.storage.local.store import LocalStore
from tests.stores import CountingStore


class Deadly(CountingStore):
    """Kills the process at its n-th call: every other time after the effect."""

    def __init__(self, directory: str, at: int) -> None:
        super().__init__(LocalStore(Path(directory), Clock(time.monotonic, time.sleep)))
        self._at = at
        self._numbers = itertools.count(1)  # one step for all threads: no number is left out

    def _meet(self, method: str, key: str, call: Callable[[], Any]) -> Any:
        number = next(self._numbers)
        if number == self._at and self._at % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return super()._meet(method, key, call)
        finally:  # also where the answer is an error
            if number == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    verb, state, snapshots, other, at = sys.argv[1:]
    written = {"create": snapshots, "prune": snapshots, "mirror": other}[verb]
    stores = {
        place: Deadly(place, int(at) if place == written else 0)
        for place in (state, snapshots, other)
    }
    kept = SnapshotStore(
        stores[snapshots], Keys(), now=lambda: datetime.now(UTC), chance=os.urandom
    )
    quiet = Quiet()
    if verb == "create":
        create(stores[state], kept, None, options=CreateOptions("test"), progress=quiet).require()
    elif verb == "prune":
        policy = RetentionPolicy(last=1, hourly=0, daily=0, weekly=0, monthly=0, yearly=0)
        none = timedelta()
        apply_prune(kept, plan_prune(kept, policy, grace=none), quiet, grace=none)
    else:
        mirror(kept, stores[other], quiet).require()
    print(sum(stores[written].counts.values()))


main()
