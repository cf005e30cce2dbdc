"""The table of `make bench-snapshots`: a row for each job and peer, printed as it was done."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.snapshots.measure import Run

RESTORED_CLUSTERS = 20
CHANGED_CLUSTERS = 2
LARGE_FLEET = 200
BUDGETED_PEER = "rclone"
"""Whom the budgets name."""


@dataclass
class Compared:
    """One job done by kled and its peers, in turn; `cannot` says which do not, and why."""

    job: str
    ours: list[Run] = field(default_factory=list)
    peers: dict[str, list[Run]] = field(default_factory=dict)
    cannot: dict[str, str] = field(default_factory=dict)

    def ratio(self, peer: str, figure: Callable[[Run], float]) -> float:
        """Return how many times more a peer took than kled: the median of the rounds."""
        rounds = zip(self.ours, self.peers[peer], strict=True)
        return statistics.median(figure(other) / max(figure(own), 1e-9) for own, other in rounds)


def budget(job: str, clusters: int) -> str:
    """Return what is wanted of a job, as ratios: wall, CPU, requests; smaller fleets cost less."""
    large = clusters >= LARGE_FLEET
    return {
        "first full snapshot": "3x",
        "nothing new": "3x 2x" if large else "1.5x 1x",
        f"{CHANGED_CLUSTERS} clusters changed": "2x" if large else "1.2x",
        "verify contents, level 0": "10x - 30x",
        f"restore, {RESTORED_CLUSTERS} clusters": "1.2x 2x 0.95x",
        "4 x 20 MiB at 50 MB/s, checked": "1x",
    }.get(job, "")


def show_head(clusters: int, rtt_ms: float, peers: Sequence[str]) -> None:
    against = f"ratios of {', '.join(peers)} by kled" if peers else "there is no peer: kled alone"
    print(f"{clusters} clusters, {rtt_ms:g} ms round trip, {against}")
    print(
        f"{'JOB':<33}{'KLED s':>8}{'CPU s':>7}{'MB':>6}{'LIST':>6}{'GET':>7}{'WRITE':>7}"
        f"   {'PEER':<8}{'WALL':>7}{'CPU':>7}{'REQUESTS':>10}  BUDGET",
        flush=True,
    )


def show(compared: Compared, clusters: int) -> None:
    """Print the rows of a job over so many clusters: kled's figures once, then each peer's."""
    ours, own = compared.ours, compared.ours[len(compared.ours) // 2]
    figures = (
        f"{compared.job:<33}{statistics.median(run.wall for run in ours):>8.2f}"
        f"{statistics.median(run.cpu for run in ours):>7.2f}"
        f"{max(run.peak_mb for run in ours):>6.0f}{own.lists:>6}{own.reads:>7}{own.writes:>7}"
    )
    for peer in (*compared.peers, *compared.cannot):
        told = f"   {peer:<8}{_against(compared, peer)}"
        goal = budget(compared.job, clusters) if peer == BUDGETED_PEER else ""
        print(f"{figures}{told}  {goal}".rstrip(), flush=True)
        figures = " " * len(figures)
    if not figures.isspace():
        print(figures, flush=True)


def save(rows: Sequence[Compared], file: Path) -> None:
    """Write the figures, for the drawings."""
    file.write_text(json.dumps([saved(row) for row in rows]))


def saved(row: Compared) -> dict[str, Any]:
    """Return the figures of a job as a document."""
    document = asdict(row)
    for run in (run for runs in (document["ours"], *document["peers"].values()) for run in runs):
        del run["output"]
    return document


def _against(compared: Compared, peer: str) -> str:
    if peer in compared.cannot:
        return compared.cannot[peer]
    wall, cpu = (compared.ratio(peer, of) for of in (lambda run: run.wall, lambda run: run.cpu))
    requests = compared.ratio(peer, lambda run: run.requests)
    return f"{wall:>6.1f}x{cpu:>6.1f}x{requests:>9.1f}x"
