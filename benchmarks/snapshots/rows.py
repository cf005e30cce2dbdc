"""The table of `make bench-snapshots`: a row for each job that both did in turn."""

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from benchmarks.snapshots.measure import Run

RESTORED_CLUSTERS = 20
CHANGED_CLUSTERS = 2


@dataclass(frozen=True)
class Pair:
    """One job done by both, in turn."""

    job: str
    ours: tuple[Run, ...]
    peer: tuple[Run, ...]

    def ratio(self, figure: Callable[[Run], float]) -> float:
        pairs = zip(self.ours, self.peer, strict=True)
        return statistics.median(figure(peer) / max(figure(own), 1e-9) for own, peer in pairs)


_BUDGETS = {
    "first full snapshot": "4x",
    "no change": "3x, CPU 4x",
    f"{CHANGED_CLUSTERS} clusters changed": "3x",
    "verify contents, level 0": "20x, requests 40x",
    f"restore, {RESTORED_CLUSTERS} clusters": "4x",
    "4 x 20 MiB at 50 MB/s": "2.0 s in the process",
}


def show(pairs: Sequence[Pair], options: argparse.Namespace) -> None:
    print(f"{options.clusters} clusters, {options.rtt:g} ms round trip, rclone / kled in pairs")
    print(
        f"{'JOB':<28}{'WALL':>8}{'CPU':>7}{'REQUESTS':>10}{'BUDGET':>20}"
        f"{'KLED s':>9}{'CPU s':>7}{'MB':>6}  REQUESTS (LIST GET WRITE)"
    )
    for pair in pairs:
        own = pair.ours[len(pair.ours) // 2]
        print(
            f"{pair.job:<28}{pair.ratio(lambda one: one.wall):>7.1f}x"
            f"{pair.ratio(lambda one: one.cpu):>6.1f}x"
            f"{pair.ratio(lambda one: one.requests):>9.1f}x{_BUDGETS.get(pair.job, ''):>20}"
            f"{statistics.median(one.wall for one in pair.ours):>9.2f}"
            f"{statistics.median(one.cpu for one in pair.ours):>7.2f}"
            f"{max(one.peak_mb for one in pair.ours):>6.0f}"
            f"  {own.lists} {own.reads} {own.writes}"
        )
    if options.save:
        found = [asdict(pair) for pair in pairs]
        for run in (run for pair in found for run in (*pair["ours"], *pair["peer"])):
            del run["output"]
        options.save.write_text(json.dumps(found))
