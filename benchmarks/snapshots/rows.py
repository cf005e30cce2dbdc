"""The table of `make bench-snapshots`: a row for each job, printed as soon as it was done."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.snapshots.measure import Run

RESTORED_CLUSTERS = 20
CHANGED_CLUSTERS = 2
LARGE_FLEET = 200


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


def budget(job: str, clusters: int) -> str:
    """Return what is wanted of a job, as ratios: wall, CPU, requests; smaller fleets cost less."""
    large = clusters >= LARGE_FLEET
    return {
        "first full snapshot": "3x",
        "no change": "3x 2x" if large else "1.5x 1x",
        f"{CHANGED_CLUSTERS} clusters changed": "2x" if large else "1.2x",
        "verify contents, level 0": "10x - 30x",
        f"restore, {RESTORED_CLUSTERS} clusters": "1.2x 2x 0.95x",
        "4 x 20 MiB at 50 MB/s, checked": "1x",
    }.get(job, "")


def show_head(clusters: int, rtt_ms: float, *, alone: bool) -> None:
    peer = "there is no rclone: kled alone" if alone else "rclone / kled in pairs"
    print(f"{clusters} clusters, {rtt_ms:g} ms round trip, {peer}")
    print(
        f"{'JOB':<33}{'WALL':>8}{'CPU':>7}{'REQUESTS':>10}{'BUDGET':>16}"
        f"{'KLED s':>9}{'CPU s':>7}{'MB':>6}  REQUESTS (LIST GET WRITE)",
        flush=True,
    )


def show(pair: Pair, clusters: int) -> None:
    """Print the row of a job over so many clusters."""
    own = pair.ours[len(pair.ours) // 2]
    print(
        f"{pair.job:<33}{pair.ratio(lambda one: one.wall):>8}"
        f"{pair.ratio(lambda one: one.cpu):>7}"
        f"{pair.ratio(lambda one: one.requests):>10}{budget(pair.job, clusters):>16}"
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
