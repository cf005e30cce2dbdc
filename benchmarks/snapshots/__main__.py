"""`make bench-snapshots`: design's budgets for snapshots, against rclone in the same run.

Two MinIO stand for two regions, each behind a proxy that delays, caps and counts. Tools run in
turn, A B A B, and ratios are taken pair by pair; a peer's result is checked to hold the objects
that kled selected before it is timed. Prints the table of docs/benchmarks.md, row by row.

`--small` goes through all jobs with a tiny fleet, in seconds: that they run, not how fast. It
builds no rclone; where none is installed, kled does the jobs alone.
"""

import argparse
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import boto3
from obstore.store import S3Store

from benchmarks.snapshots import fleet, servers, tools
from benchmarks.snapshots.measure import Run, run
from benchmarks.snapshots.rows import (
    CHANGED_CLUSTERS,
    RESTORED_CLUSTERS,
    Pair,
    save,
    show,
    show_head,
)
from tests.emulators.builds import BUILDS

_LINK_MBPS = 50


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


class Bench:
    """The two stores, the tools, and the jobs."""

    def __init__(
        self,
        options: argparse.Namespace,
        stores: tuple[servers.Store, servers.Store],
        kled: tools.Kled,
        rclone: tools.Rclone | None,
    ) -> None:
        self._options = options
        self._source, self._target = stores
        self._kled = kled
        self.rclone = rclone
        self._shared = fleet.template(dict(os.environ))
        self._restored = min(RESTORED_CLUSTERS, options.clusters)

    def seed(self) -> None:
        """Fill the state store, past the proxy."""
        bucket = _bucket(self._source.direct, tools.STATE)
        with ThreadPoolExecutor(32) as pool:
            for number in range(self._options.clusters):
                items = list(fleet.objects(number, self._shared, tools.STATE))
                list(pool.map(lambda item: bucket.put(item[0], item[1]), items))
        _bucket(self._source.direct, tools.RESTORED)

    def full(self) -> Pair:
        """Each round begins with empty targets."""
        pair = self._in_turn(
            "first full snapshot",
            self._kled.create(),
            lambda peer: peer.sync(),
            rounds=self._options.full_rounds,
            before=lambda _: self._empty_targets(tools.STATE, tools.SNAPSHOTS, tools.MIRROR),
        )
        if pair.peer:
            self._check_equal(pair.ours[-1])
        return pair

    def no_change(self) -> Pair:
        """Nothing is new since the run before."""
        return self._in_turn("no change", self._kled.create(), lambda peer: peer.sync())

    def changed(self) -> Pair:
        """Before each round some clusters change."""
        return self._in_turn(
            f"{CHANGED_CLUSTERS} clusters changed",
            self._kled.create(),
            lambda peer: peer.sync(),
            before=self._change,
        )

    def verify(self) -> Pair:
        """Every byte of the newest snapshots, against hashing the mirror."""
        return self._in_turn(
            "verify contents, level 0",
            self._kled.verify(),
            lambda peer: peer.hashsum(),
            rounds=min(self._options.rounds, 3),
        )

    def restore(self) -> Pair:
        """One cluster a call would time start-up; so one call restores them all."""
        pair = self._in_turn(
            f"restore, {self._restored} clusters",
            self._kled.restore(self._restored),
            lambda peer: peer.copy(self._restored),
            rounds=min(self._options.rounds, 3),
            before_each=lambda: _empty(self._source.direct, tools.RESTORED),
        )
        if not all(run.writes for run in pair.ours):
            raise SystemExit("kled restored nothing")
        return pair

    def large(self) -> Pair:
        """Four etcd backups of one size over a link of 50 MB/s in each direction."""
        return self._large("", tools.Rclone.sync)

    def large_checked(self) -> Pair:
        """The same, and the peer compares what it copied, as kled has while it copied."""
        return self._large(", checked", tools.Rclone.sync_checked)

    def _large(self, more: str, peer: Callable[[tools.Rclone, str, str], list[str]]) -> Pair:
        size = self._options.backup_mib
        bucket = _bucket(self._source.direct, tools.LARGE_STATE)
        for key, body in fleet.large(self._shared, tools.LARGE_STATE, size << 20):
            bucket.put(key, body)
        kled = replace(
            self._kled,
            state=f"s3://{tools.LARGE_STATE}",
            snapshots=f"s3://{tools.LARGE_SNAPSHOTS}",
        )
        return self._in_turn(
            f"4 x {size} MiB at {_LINK_MBPS} MB/s{more}",
            kled.create(),
            lambda rclone: peer(rclone, tools.LARGE_STATE, tools.LARGE_MIRROR),
            rounds=min(self._options.rounds, 3),
            before=lambda _: self._empty_targets(
                tools.LARGE_STATE, tools.LARGE_SNAPSHOTS, tools.LARGE_MIRROR
            ),
            mbps=_LINK_MBPS,
        )

    def _in_turn(  # noqa: PLR0913 - what both do, how often, and what is made ready before
        self,
        job: str,
        ours: list[str],
        peer: Callable[[tools.Rclone], list[str]],
        *,
        rounds: int = 0,
        before: Callable[[int], None] = lambda _: None,
        before_each: Callable[[], None] = lambda: None,
        mbps: float = 0,
    ) -> Pair:
        """Run both in turn; `before` comes before each round, `before_each` before each run."""
        own, other = [], []
        for number in range(rounds or self._options.rounds):
            before(number)
            before_each()
            own.append(self._run(ours, self._kled.env, mbps))
            if self.rclone is not None:
                before_each()
                other.append(self._run(peer(self.rclone), self.rclone.env, mbps))
        return Pair(job, tuple(own), tuple(other))

    def _empty_targets(self, state: str, *targets: str) -> None:
        """Empty the targets, and let the state store forget them: kled takes them for lost else."""
        _empty(self._source.direct, state, ".kled/")
        for name in targets:
            _empty(self._target.direct, name)

    def _run(self, words: list[str], env: Mapping[str, str], mbps: float) -> Run:
        env = {**os.environ, **env}
        stores = (self._source, self._target)
        return run(words, env, stores, rtt_ms=self._options.rtt, mbps=mbps)

    def _change(self, seed: int) -> None:
        bucket = _bucket(self._source.direct, tools.STATE)
        for number in range(min(CHANGED_CLUSTERS, self._options.clusters)):
            name = fleet.cluster_name(number)
            bucket.put(f"{name}/addons/extra-00.addons.k8s.io/v1.yaml", f"n: {seed}\n".encode())

    def _check_equal(self, ours: Run) -> None:
        """The peer's mirror holds just as many objects as kled's manifests list."""
        mirrored = sum(len(page) for page in _bucket(self._target.direct, tools.MIRROR).list())
        listed = sum(cluster["objects"] for cluster in json.loads(ours.output)["clusters"])
        if mirrored != listed:
            raise SystemExit(f"rclone copied {mirrored} objects, kled snapshot {listed}")


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


def _bucket(endpoint: str, name: str) -> S3Store:
    """Return a bucket past the proxy; make it where it is not there."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=servers.KEY,
        aws_secret_access_key=servers.SECRET,
    )
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=name)
    return S3Store(
        name,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=servers.KEY,
        secret_access_key=servers.SECRET,
        client_options={"allow_http": True},
    )


def _empty(endpoint: str, name: str, prefix: str | None = None) -> None:
    bucket = _bucket(endpoint, name)
    for page in bucket.list(prefix):
        bucket.delete([one["path"] for one in page])


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
