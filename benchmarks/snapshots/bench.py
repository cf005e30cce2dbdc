"""The jobs that are timed: each is done by kled and its peers in turn, A B C A B C …"""

import argparse
import itertools
import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from benchmarks.peers.peer import Cannot, Command, Peer, Stores, target_of
from benchmarks.snapshots import fleet, tools
from benchmarks.snapshots.buckets import bucket, empty
from benchmarks.snapshots.measure import Run, run
from benchmarks.snapshots.rows import CHANGED_CLUSTERS, RESTORED_CLUSTERS, Compared

_LINK_MBPS = 50


class Bench:
    """The two stores, the tools, and the jobs."""

    def __init__(
        self, options: argparse.Namespace, stores: Stores, kled: tools.Kled, peers: Sequence[Peer]
    ) -> None:
        self._options = options
        self._stores = stores
        self._kled = kled
        self.peers = peers
        self._shared = fleet.template(dict(os.environ))
        self._clusters = 0
        self._changes = itertools.count(1)

    def grow(self, clusters: int) -> None:
        """Let the state store hold so many clusters, past the proxy."""
        place = bucket(self._stores.source.direct, tools.STATE)
        with ThreadPoolExecutor(32) as pool:
            for number in range(self._clusters, clusters):
                items = list(fleet.objects(number, self._shared, tools.STATE))
                list(pool.map(lambda item: place.put(item[0], item[1]), items))
        bucket(self._stores.source.direct, tools.RESTORED)
        self._clusters = clusters

    def full(self) -> Compared:
        """Each round begins with empty targets."""
        compared = self._in_turn(
            "first full snapshot",
            self._kled.create(),
            lambda peer: peer.first(tools.STATE),
            rounds=self._options.full_rounds,
            before=lambda _: self._begin(tools.STATE, tools.SNAPSHOTS),
        )
        self._check_equal(compared.ours[-1])
        return compared

    def no_change(self) -> Compared:
        """Nothing is new since the run before."""
        return self._in_turn(
            "nothing new", self._kled.create(), lambda peer: peer.again(tools.STATE)
        )

    def changed(self) -> Compared:
        """Before each round some clusters change."""
        return self._in_turn(
            f"{CHANGED_CLUSTERS} clusters changed",
            self._kled.create(),
            lambda peer: peer.again(tools.STATE),
            before=self._change,
        )

    def verify(self) -> Compared:
        """Every byte of the newest snapshots, against what reads every byte of the copy."""
        return self._in_turn(
            "verify contents, level 0",
            self._kled.verify(),
            lambda peer: peer.verify(tools.STATE),
            rounds=min(self._options.rounds, 3),
        )

    def restore(self) -> Compared:
        """One cluster a call would time start-up; so one call restores them all."""
        names = [fleet.cluster_name(number) for number in range(self._restored)]
        compared = self._in_turn(
            f"restore, {self._restored} clusters",
            self._kled.restore(self._restored),
            lambda peer: peer.restore(tools.STATE, names, tools.RESTORED),
            rounds=min(self._options.rounds, 3),
            before_each=lambda: empty(self._stores.source.direct, tools.RESTORED),
            after_each=self._check_restored,
        )
        if not all(run.writes for run in compared.ours):
            raise SystemExit("kled restored nothing")
        return compared

    def large(self) -> Compared:
        """Four etcd backups of one size over a link of 50 MB/s in each direction."""
        return self._large("", lambda peer: peer.copy(tools.LARGE_STATE))

    def large_checked(self) -> Compared:
        """The same, and the peers compare what they copied, as kled has while it copied."""
        return self._large(", checked", lambda peer: peer.copy_checked(tools.LARGE_STATE))

    def _large(self, more: str, job: Callable[[Peer], Command | Cannot]) -> Compared:
        size = self._options.backup_mib
        place = bucket(self._stores.source.direct, tools.LARGE_STATE)
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
            job,
            rounds=min(self._options.rounds, 3),
            before=lambda _: self._begin(tools.LARGE_STATE, tools.LARGE_SNAPSHOTS),
            mbps=_LINK_MBPS,
        )

    def _in_turn(  # noqa: PLR0913 - what all do, how often, and what is made ready before
        self,
        job: str,
        ours: Command,
        theirs: Callable[[Peer], Command | Cannot],
        *,
        rounds: int = 0,
        before: Callable[[int], None] = lambda _: None,
        before_each: Callable[[], None] = lambda: None,
        after_each: Callable[[], None] = lambda: None,
        mbps: float = 0,
    ) -> Compared:
        """Run all in turn; `before` comes before each round, `before_each` before each run."""

        def timed(command: Command, env: Mapping[str, str]) -> Run:
            before_each()
            taken = self._run(command, env, mbps)
            after_each()
            return taken

        compared = Compared(job)
        for number in range(rounds or self._options.rounds):
            before(number)
            compared.ours.append(timed(ours, self._kled.env))
            for peer in self.peers:
                command = theirs(peer)
                if isinstance(command, Cannot):
                    compared.cannot[peer.name] = command.why
                else:
                    compared.peers.setdefault(peer.name, []).append(timed(command, peer.env))
        return compared

    @property
    def _restored(self) -> int:
        return min(RESTORED_CLUSTERS, self._clusters)

    def _begin(self, state: str, snapshots: str) -> None:
        """Empty all targets, and let the state store forget them: kled takes them for lost else."""
        empty(self._stores.source.direct, state, ".kled/")
        empty(self._stores.target.direct, snapshots)
        for peer in self.peers:
            empty(self._stores.target.direct, target_of(peer.name, state))
            for command in peer.begin(state):
                subprocess.run(command, env={**os.environ, **peer.env}, check=True)

    def _run(self, command: Command, env: Mapping[str, str], mbps: float) -> Run:
        env = {**os.environ, **env}
        return run(command, env, self._stores, rtt_ms=self._options.rtt, mbps=mbps)

    def _change(self, _: int) -> None:
        change = next(self._changes)
        place = bucket(self._stores.source.direct, tools.STATE)
        for number in range(min(CHANGED_CLUSTERS, self._clusters)):
            name = fleet.cluster_name(number)
            place.put(f"{name}/addons/extra-00.addons.k8s.io/v1.yaml", f"n: {change}\n".encode())

    def _check_equal(self, ours: Run) -> None:
        """Each peer's copy holds just as many objects as kled's manifests list."""
        listed = sum(cluster["objects"] for cluster in json.loads(ours.output)["clusters"])
        for peer in self.peers:
            copied = peer.count(tools.STATE)
            if copied != listed:
                raise SystemExit(f"{peer.name} copied {copied} objects, kled snapshot {listed}")

    def _check_restored(self) -> None:
        """What was restored has the clusters that were asked for, and all objects of each."""
        place = bucket(self._stores.source.direct, tools.RESTORED)
        keys = [entry["path"] for page in place.list() for entry in page]
        restored = sum(not key.startswith(".kled/") for key in keys)
        least = self._restored * fleet.OBJECTS
        if restored < least:
            raise SystemExit(f"{restored} objects were restored, not {least} or more")
