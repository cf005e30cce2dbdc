"""The jobs that are timed: each is done by kled and its peer in turn, A B A B …"""

import argparse
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from benchmarks.snapshots import fleet, servers, tools
from benchmarks.snapshots.buckets import bucket, empty
from benchmarks.snapshots.measure import Run, run
from benchmarks.snapshots.rows import CHANGED_CLUSTERS, RESTORED_CLUSTERS, Pair

_LINK_MBPS = 50


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
        place = bucket(self._source.direct, tools.STATE)
        with ThreadPoolExecutor(32) as pool:
            for number in range(self._options.clusters):
                items = list(fleet.objects(number, self._shared, tools.STATE))
                list(pool.map(lambda item: place.put(item[0], item[1]), items))
        bucket(self._source.direct, tools.RESTORED)

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
            before_each=lambda: empty(self._source.direct, tools.RESTORED),
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
        place = bucket(self._source.direct, tools.LARGE_STATE)
        for key, body in fleet.large(self._shared, tools.LARGE_STATE, size << 20):
            place.put(key, body)
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
        empty(self._source.direct, state, ".kled/")
        for name in targets:
            empty(self._target.direct, name)

    def _run(self, words: list[str], env: Mapping[str, str], mbps: float) -> Run:
        env = {**os.environ, **env}
        stores = (self._source, self._target)
        return run(words, env, stores, rtt_ms=self._options.rtt, mbps=mbps)

    def _change(self, seed: int) -> None:
        place = bucket(self._source.direct, tools.STATE)
        for number in range(min(CHANGED_CLUSTERS, self._options.clusters)):
            name = fleet.cluster_name(number)
            place.put(f"{name}/addons/extra-00.addons.k8s.io/v1.yaml", f"n: {seed}\n".encode())

    def _check_equal(self, ours: Run) -> None:
        """The peer's mirror holds just as many objects as kled's manifests list."""
        mirrored = sum(len(page) for page in bucket(self._target.direct, tools.MIRROR).list())
        listed = sum(cluster["objects"] for cluster in json.loads(ours.output)["clusters"])
        if mirrored != listed:
            raise SystemExit(f"rclone copied {mirrored} objects, kled snapshot {listed}")
