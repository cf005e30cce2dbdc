"""The table of `make bench-snapshots`: a row for each job, printed as soon as it was done."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.snapshots.measure import Run

RESTORED_CLUSTERS = 20
CHANGED_CLUSTERS = 2


@dataclass(frozen=True)
class Pair:
    """One job done by both, in turn; by kled alone where there is no peer."""

    job: str
    ours: tuple[Run, ...]
    peer: tuple[Run, ...]

    def ratio(self, figure: Callable[[Run], float]) -> str:
        if not self.peer:
            return "-"
        pairs = zip(self.ours, self.peer, strict=True)
        ratio = statistics.median(figure(peer) / max(figure(own), 1e-9) for own, peer in pairs)
        return f"{ratio:.1f}x"


_BUDGETS = {
    "first full snapshot": "4x",
    "no change": "3x, CPU 4x",
    f"{CHANGED_CLUSTERS} clusters changed": "3x",
    "verify contents, level 0": "20x, requests 40x",
    f"restore, {RESTORED_CLUSTERS} clusters": "4x",
    "4 x 20 MiB at 50 MB/s": "2.0 s in the process",
}


def show_head(clusters: int, rtt_ms: float, *, alone: bool) -> None:
    peer = "there is no rclone: kled alone" if alone else "rclone / kled in pairs"
    print(f"{clusters} clusters, {rtt_ms:g} ms round trip, {peer}")
    print(
        f"{'JOB':<28}{'WALL':>8}{'CPU':>7}{'REQUESTS':>10}{'BUDGET':>20}"
        f"{'KLED s':>9}{'CPU s':>7}{'MB':>6}  REQUESTS (LIST GET WRITE)",
        flush=True,
    )


def show(pair: Pair) -> None:
    """Print the row of a job."""
    own = pair.ours[len(pair.ours) // 2]
    print(
        f"{pair.job:<28}{pair.ratio(lambda one: one.wall):>8}"
        f"{pair.ratio(lambda one: one.cpu):>7}"
        f"{pair.ratio(lambda one: one.requests):>10}{_BUDGETS.get(pair.job, ''):>20}"
        f"{statistics.median(one.wall for one in pair.ours):>9.2f}"
        f"{statistics.median(one.cpu for one in pair.ours):>7.2f}"
        f"{max(one.peak_mb for one in pair.ours):>6.0f}"
        f"  {own.lists} {own.reads} {own.writes}",
        flush=True,
    )


def save(pairs: Sequence[Pair], file: Path) -> None:
    """Write the figures for `plot`; those of jobs that had no peer are left out."""
    found = [asdict(pair) for pair in pairs if pair.peer]
    for run in (run for pair in found for run in (*pair["ours"], *pair["peer"])):
        del run["output"]
    file.write_text(json.dumps(found))
