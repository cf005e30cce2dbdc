"""`make bench-sizes`: what a fleet costs that grows from 10 to 400 clusters, and its drawing.

The rows are those of `make bench-snapshots`, for one size after the other; the state store keeps
what it has and grows. `--small` draws a tiny fleet: that it runs, not what it costs.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.snapshots.bench import Bench
from benchmarks.snapshots.curves import drawn
from benchmarks.snapshots.rig import options, rig, settle
from benchmarks.snapshots.rows import saved, show, show_head

_SIZES = (10, 25, 60, 150, 400)
_SMALL = (2, 3)


def main() -> None:
    """Measure each size, print its rows as they come, and draw what there is after each."""
    chosen = _options()
    costs: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix="kled-bench-") as scratch,
        rig(Path(scratch), chosen) as bench,
    ):
        for clusters in chosen.sizes:
            costs.append({"clusters": clusters, "rows": _measured(bench, clusters, chosen.rtt)})
            if chosen.save:
                chosen.save.write_text(json.dumps(costs))
            if chosen.draw:
                chosen.draw.write_text(drawn(costs))


def _measured(bench: Bench, clusters: int, rtt: float) -> Sequence[dict[str, Any]]:
    bench.grow(clusters)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    show_head(clusters, rtt, [peer.name for peer in bench.peers])
    rows = []
    for job in (bench.full, bench.no_change, bench.changed, bench.verify):
        row = job()
        show(row, clusters)
        rows.append(saved(row))
    return rows


def _options() -> argparse.Namespace:
    parser = options(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES, help="of fleets, rising")
    parser.add_argument("--draw", type=Path, help="a file for the drawing, an SVG")
    chosen = parser.parse_args()
    if chosen.small:
        chosen.sizes = _SMALL
    settle(chosen)
    return chosen


if __name__ == "__main__":
    main()
