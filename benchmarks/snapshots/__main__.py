"""`make bench-snapshots`: design's budgets for snapshots, against its peers in the same run.

Two MinIO stand for two regions, each behind a proxy that delays, caps and counts. Tools run in
turn, A B C A B C, and ratios are taken round by round; a peer's result is checked to hold the
objects that kled selected before it is timed. Prints the table of docs/benchmarks.md, row by row.

rclone is always there. `--restic` and `--aws` add more: a path, or nothing for the pinned one.

`--small` goes through all jobs with a tiny fleet, in seconds: that they run, not how fast. It
builds no rclone; where none is installed, kled does the jobs alone.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.snapshots.rig import options, rig, settle
from benchmarks.snapshots.rows import save, show, show_head

_SMALL = 3


def main() -> None:
    """Run all jobs and print their figures."""
    chosen = _options()
    with (
        tempfile.TemporaryDirectory(prefix="kled-bench-") as scratch,
        rig(Path(scratch), chosen) as bench,
    ):
        bench.grow(chosen.clusters)
        show_head(chosen.clusters, chosen.rtt, [peer.name for peer in bench.peers])
        rows = []
        for job in (
            bench.full,
            bench.no_change,
            bench.changed,
            bench.verify,
            bench.restore,
            bench.large,
            bench.large_checked,
        ):
            rows.append(job())
            show(rows[-1], chosen.clusters)
            if chosen.save:
                save(rows, chosen.save)


def _options() -> argparse.Namespace:
    parser = options(__doc__)
    parser.add_argument("--clusters", type=int, default=200)
    chosen = parser.parse_args()
    if chosen.small:
        chosen.clusters = _SMALL
    settle(chosen)
    return chosen


if __name__ == "__main__":
    main()
