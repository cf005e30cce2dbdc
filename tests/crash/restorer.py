"""A process that restores the newest snapshot and is killed at its n-th call to the target.

python -m tests.crash.restorer KEPT TARGET N
"""

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kled.retry import Clock
from kled.snapshot.choosing import choose
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.local.store import LocalStore
from tests.stores import Watched
from tests.unit.snapshot.restoring import CLUSTER, snapshot_store

T = TypeVar("T")


class Deadly(Watched):
    """Kills this process before the `at`-th call, while other threads are inside theirs."""

    def __init__(self, inner: LocalStore, at: int) -> None:
        super().__init__(inner)
        self._at, self._numbers, self._lock = at, itertools.count(1), threading.Lock()

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        with self._lock:
            number = next(self._numbers)
        if number == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        return call()


def main(kept: str, target: str, at: str) -> None:
    clock = Clock(time.monotonic, time.sleep)
    snapshots = snapshot_store(LocalStore(Path(kept), clock))
    deadly = Deadly(LocalStore(Path(target), clock), int(at))
    manifest = snapshots.manifest(choose(snapshots, CLUSTER, "latest"))
    plan = plan_restore(snapshots, manifest, deadly, with_control=True, delete_extra=True)
    apply_restore(plan, snapshots, deadly)


if __name__ == "__main__":
    main(*sys.argv[1:])
