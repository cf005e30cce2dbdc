"""`make bench-snapshots`: design's budgets for snapshots, against rclone in the same run.

Two MinIO stand for two regions, each behind a proxy that delays, caps and counts. Tools run in
turn, A B A B, and ratios are taken pair by pair; a peer's result is checked to hold the objects
that kled selected before it is timed. Prints the table of docs/benchmarks.md.
"""

import argparse
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import boto3
from obstore.store import S3Store

from benchmarks.snapshots import fleet, servers, tools
from benchmarks.snapshots.measure import Run, run
from benchmarks.snapshots.rows import CHANGED_CLUSTERS, RESTORED_CLUSTERS, Pair, show
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
        pairs = [
            bench.full(),
            bench.no_change(),
            bench.changed(),
            bench.verify(),
            bench.restore(),
            bench.large(),
        ]
    show(pairs, options)


class Bench:
    """The two stores, the tools, and the jobs."""

    def __init__(
        self,
        options: argparse.Namespace,
        stores: tuple[servers.Store, servers.Store],
        kled: tools.Kled,
        rclone: tools.Rclone,
    ) -> None:
        self._options = options
        self._source, self._target = stores
        self._kled = kled
        self._rclone = rclone
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
        ours, peer = [], []
        for _ in range(self._options.full_rounds):
            _empty(self._target.direct, tools.SNAPSHOTS)
            _empty(self._target.direct, tools.MIRROR)
            ours.append(self._run_kled(self._kled.create()))
            peer.append(self._run_rclone(self._rclone.sync()))
        self._check_equal(ours[-1])
        return Pair("first full snapshot", tuple(ours), tuple(peer))

    def no_change(self) -> Pair:
        """Nothing is new since the run before."""
        return self._in_turn("no change", self._kled.create(), self._rclone.sync())

    def changed(self) -> Pair:
        """Before each round some clusters change."""
        ours, peer = [], []
        for number in range(self._options.rounds):
            self._change(number)
            ours.append(self._run_kled(self._kled.create()))
            peer.append(self._run_rclone(self._rclone.sync()))
        return Pair(f"{CHANGED_CLUSTERS} clusters changed", tuple(ours), tuple(peer))

    def verify(self) -> Pair:
        """Every byte of the newest snapshots, against hashing the mirror."""
        ours, peer = [], []
        for _ in range(min(self._options.rounds, 3)):
            ours.append(self._run_kled(self._kled.verify()))
            peer.append(self._run_rclone(self._rclone.hashsum()))
        return Pair("verify contents, level 0", tuple(ours), tuple(peer))

    def restore(self) -> Pair:
        """One cluster a call would time start-up; so one call restores them all."""
        ours, peer = [], []
        for _ in range(min(self._options.rounds, 3)):
            _empty(self._source.direct, tools.RESTORED)
            ours.append(self._run_kled(self._kled.restore(self._restored)))
            _empty(self._source.direct, tools.RESTORED)
            peer.append(self._run_rclone(self._rclone.copy(self._restored)))
        return Pair(f"restore, {self._restored} clusters", tuple(ours), tuple(peer))

    def large(self) -> Pair:
        """Four etcd backups of 20 MiB over a link of 50 MB/s in each direction."""
        bucket = _bucket(self._source.direct, tools.LARGE_STATE)
        for key, body in fleet.large(self._shared, tools.LARGE_STATE):
            bucket.put(key, body)
        kled = replace(
            self._kled,
            state=f"s3://{tools.LARGE_STATE}",
            snapshots=f"s3://{tools.LARGE_SNAPSHOTS}",
        )
        sync = self._rclone.sync(tools.LARGE_STATE, tools.LARGE_MIRROR)
        ours, peer = [], []
        for _ in range(min(self._options.rounds, 3)):
            _empty(self._target.direct, tools.LARGE_SNAPSHOTS)
            _empty(self._target.direct, tools.LARGE_MIRROR)
            ours.append(self._run_kled(kled.create(), mbps=_LINK_MBPS))
            peer.append(self._run_rclone(sync, mbps=_LINK_MBPS))
        return Pair("4 x 20 MiB at 50 MB/s", tuple(ours), tuple(peer))

    def _in_turn(self, job: str, ours: list[str], peer: list[str]) -> Pair:
        taken = [
            (self._run_kled(ours), self._run_rclone(peer)) for _ in range(self._options.rounds)
        ]
        return Pair(job, tuple(own for own, _ in taken), tuple(other for _, other in taken))

    def _run_kled(self, words: list[str], *, mbps: float = 0) -> Run:
        return self._run(words, {**os.environ, **self._kled.env}, mbps)

    def _run_rclone(self, words: list[str], *, mbps: float = 0) -> Run:
        return self._run(words, {**os.environ, **self._rclone.env}, mbps)

    def _run(self, words: list[str], env: dict[str, str], mbps: float) -> Run:
        stores = (self._source, self._target)
        return run(words, env, stores, rtt_ms=self._options.rtt, mbps=mbps)

    def _change(self, seed: int) -> None:
        bucket = _bucket(self._source.direct, tools.STATE)
        for number in range(CHANGED_CLUSTERS):
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
    rclone = options.rclone or servers.build(Path("peers/rclone"), scratch)
    with (
        servers.store(options.minio, proxy, scratch / "source") as source,
        servers.store(options.minio, proxy, scratch / "target") as target,
    ):
        kled = tools.Kled(tools.kled_environment(scratch / "home", source, target))
        peer = tools.Rclone(rclone, tools.rclone_environment(source, target))
        yield Bench(options, (source, target), kled, peer)


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


def _empty(endpoint: str, name: str) -> None:
    bucket = _bucket(endpoint, name)
    for page in bucket.list():
        bucket.delete([one["path"] for one in page])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minio", type=Path, help="a MinIO; else the one of `make emulators`")
    parser.add_argument("--rclone", type=Path, help="an rclone; else the pinned one is built")
    parser.add_argument("--clusters", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--full-rounds", type=int, default=1)
    parser.add_argument("--rtt", type=float, default=30, help="milliseconds")
    parser.add_argument("--save", type=Path, help="a file for the figures, for `plot`")
    options = parser.parse_args()
    options.minio = (options.minio or BUILDS["minio"].command).resolve()
    return options


if __name__ == "__main__":
    main()
