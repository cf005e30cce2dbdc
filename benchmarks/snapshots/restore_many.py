"""Restore the newest snapshots of the first N clusters of a fleet, in one process.

python -m benchmarks.snapshots.restore_many STATE_STORE SNAPSHOT_STORE N
"""

import gc
import os
import sys
import time
from functools import partial

from benchmarks.snapshots import fleet
from kled import config
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.snapshot.choosing import make_choice
from kled.snapshot.parallel import in_parallel
from kled.snapshot.restore.restore import apply_restore
from kled.snapshot.restore.restore_plan import plan_restore
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.trust.origin import Origins


def main() -> None:
    gc.set_threshold(10_000, *gc.get_threshold()[1:])  # as kled's own commands do
    state, snapshots, number = sys.argv[1:]
    settings = config.load(os.environ, state=state, snapshots=snapshots)
    clock = Clock(time.monotonic, time.sleep)
    opened = Stores(settings, clock)
    kept, target = opened.snapshots, opened.state
    origins = Origins(read_ledger(kept))

    def one(cluster: str) -> None:
        manifest = kept.manifest(make_choice(kept, cluster, "latest", origins=origins).ref)
        apply_restore(plan_restore(kept, manifest, target), kept, target)

    names = (fleet.cluster_name(at) for at in range(int(number)))
    for _ in in_parallel(((0, partial(one, name)) for name in names), threads=4):
        pass


main()
