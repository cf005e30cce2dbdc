"""`make bench-snapshots`: design's budgets for snapshots, against rclone in the same run.

Two MinIO stand for two regions, each behind a proxy that delays, caps and counts. Tools run in
turn, A B A B, and ratios are taken pair by pair; a peer's result is checked to hold the objects
that kled selected before it is timed. Prints the table of docs/benchmarks.md, row by row.

`--small` goes through all jobs with a tiny fleet, in seconds: that they run, not how fast. It
builds no rclone; where none is installed, kled does the jobs alone.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.snapshots import servers, tools
from benchmarks.snapshots.bench import Bench
from benchmarks.snapshots.rows import save, show, show_head
from tests.emulators.builds import BUILDS


def main() -> None:
    """Run all jobs and print their figures."""
    options = _options()
    with (
        tempfile.TemporaryDirectory(prefix="kled-bench-") as scratch,
        _rig(Path(scratch), options) as bench,
    ):
        bench.seed()
        show_head(options.clusters, options.rtt, alone=bench.rclone is None)
        pairs = []
        for job in (
            bench.full,
            bench.no_change,
            bench.changed,
            bench.verify,
            bench.restore,
            bench.large,
            bench.large_checked,
        ):
            pairs.append(job())
            show(pairs[-1], options.clusters)
            if options.save:
                save(pairs, options.save)


@contextmanager
def _rig(scratch: Path, options: argparse.Namespace) -> Iterator[Bench]:
    proxy = servers.build(Path("proxy"), scratch)
    rclone = _rclone(options, scratch)
    with (
        servers.store(options.minio, proxy, scratch / "source") as source,
        servers.store(options.minio, proxy, scratch / "target") as target,
    ):
        kled = tools.Kled(tools.kled_environment(scratch / "home", source, target))
        settings = tools.rclone_environment(source, target)
        peer = tools.Rclone(rclone, settings) if rclone else None
        yield Bench(options, (source, target), kled, peer)


def _rclone(options: argparse.Namespace, scratch: Path) -> Path | None:
    """Return the peer: the one that is named, or the pinned one, which takes minutes to build."""
    if options.rclone:
        return Path(options.rclone)
    if options.small:
        there = shutil.which("rclone")
        return Path(there) if there else None
    return servers.build(Path("peers/rclone"), scratch)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minio", type=Path, help="a MinIO; else the one of `make emulators`")
    parser.add_argument("--rclone", type=Path, help="an rclone; else the pinned one is built")
    parser.add_argument("--clusters", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--full-rounds", type=int, default=1)
    parser.add_argument("--rtt", type=float, default=30, help="milliseconds")
    parser.add_argument("--backup-mib", type=int, default=20, help="of the large job")
    parser.add_argument("--small", action="store_true", help="all jobs, with a tiny fleet")
    parser.add_argument("--save", type=Path, help="a file for the figures, for `plot`")
    options = parser.parse_args()
    if options.small:
        vars(options).update(clusters=3, rounds=1, full_rounds=1, rtt=0, backup_mib=1)
    options.minio = (options.minio or BUILDS["minio"].command).resolve()
    return options


if __name__ == "__main__":
    main()
