"""A kops reads what is new when a snapshot is made, within bounds (fault 76)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import DeadlineExceeded
from kled.snapshot.create.at_birth import AT_ONCE, KopsReader
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions, RunResult
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.verify.verify import KopsCheck, KopsVerdict, verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, etcd_backup, group, name, objects, state

if TYPE_CHECKING:
    from collections.abc import Mapping

REAL = KopsVerdict("1.36.2", simulated=False, findings=())


class FakeKops:
    """Remembers which clusters it was given, and how many at once."""

    def __init__(self, verdict: KopsVerdict | Exception = REAL) -> None:
        self.verdict = verdict
        self.asked: list[str] = []
        self.objects: dict[str, Mapping[str, bytes]] = {}
        self.most = self._now = 0
        self._lock = threading.Lock()

    def __call__(self, cluster: str, found: Mapping[str, bytes]) -> KopsVerdict:
        with self._lock:
            self.asked.append(cluster)
            self.objects[cluster] = found
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.01)
        with self._lock:
            self._now -= 1
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


def run(runs: Runs, kops: KopsCheck | None) -> RunResult:
    options = CreateOptions(by="kled test", kops_check=kops)
    return create(runs.state, runs.snapshots, None, options=options, progress=Quiet())


def levels(runs: Runs, cluster: str) -> list[tuple[int, str | None]]:
    """Of the cluster's newest manifest: the levels proved at birth, and by which kops."""
    ref = max(runs.snapshots.list(cluster))
    return [(proof.level, proof.kops) for proof in runs.snapshots.manifest(ref).proofs]


def test_what_a_real_kops_reads_is_of_level_2_when_it_is_made() -> None:
    runs, kops = Runs(state(2), MemoryStore()), FakeKops()

    result = run(runs, kops)

    assert [one.level for one in result.clusters] == [2, 2]
    assert levels(runs, name(0)) == [(0, None), (1, None), (2, "1.36.2")]
    given = kops.objects[name(0)]
    assert given == {key: body for key, body in objects(0).items() if key in given}
    assert {"config", "instancegroup/nodes", "pki/private/kubernetes-ca/keyset.yaml"} <= set(given)
    assert not any(key.startswith("backups/etcd/main/2026") for key in given)
    ref = SnapshotRef(name(0), result.clusters[0].snapshot or "")
    assert verify(runs.snapshots, ref, level=1, by="test", record=False).trustworthy


def test_what_was_read_once_is_not_read_again() -> None:
    store, kops = state(2), FakeKops()
    runs = Runs(store, MemoryStore())
    run(runs, kops)

    assert [one.level for one in run(runs, kops).clusters] == [2, 2]
    place = f"{name(0)}/backups/etcd/main/2026-11-25T00:00:00Z-000076"
    store.put(f"{place}/etcd.backup.gz", etcd_backup("newer"))
    store.put(f"{place}/_etcd_backup.meta", b"{}")
    newer = run(runs, kops)

    assert not newer.clusters[0].reused  # another manifest that refers to the same archive
    assert levels(runs, name(0)) == [(0, None), (1, None), (2, "1.36.2")]
    assert sorted(kops.asked) == [name(0), name(1)]

    store.put(f"{name(1)}/instancegroup/nodes", group("maxSize: 99"))
    run(runs, kops)
    assert sorted(kops.asked) == [name(0), name(1), name(1)]


def test_a_fleet_is_read_by_a_few_processes_at_once() -> None:
    kops = FakeKops()

    run(Runs(state(20), MemoryStore()), kops)

    assert len(kops.asked) == 20
    assert kops.most <= AT_ONCE


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (
            KopsVerdict("1.36.2", simulated=False, findings=("kops cannot read the keypairs: x",)),
            "level 2 is not proved by kops 1.36.2: kops cannot read the keypairs: x",
        ),
        (DeadlineExceeded("kops took longer than 60 seconds"), "kops took longer than 60 seconds"),
        (OSError("no space left"), "unexpected OSError"),
    ],
)
def test_a_kops_that_fails_never_keeps_a_snapshot_from_being_made_and_is_said(
    verdict: KopsVerdict | Exception, words: str
) -> None:
    runs = Runs(state(1), MemoryStore())

    result = run(runs, FakeKops(verdict))

    (cluster,) = result.require().clusters
    assert (cluster.level, cluster.findings) == (1, ())
    assert any(words in one and name(0) in one for one in result.warnings)
    assert levels(runs, name(0)) == [(0, None), (1, None)]


def test_a_simulated_kops_proves_nothing_and_is_asked_once() -> None:
    runs = Runs(state(5), MemoryStore())
    kops = FakeKops(KopsVerdict("1.36.2 (simulated)", simulated=True, findings=()))

    result = run(runs, kops)

    assert {one.level for one in result.clusters} == {1}
    assert len(kops.asked) <= AT_ONCE
    assert not [one for one in result.warnings if "level 2" in one]


def test_without_a_kops_there_is_level_1_and_no_word() -> None:
    result = run(Runs(state(1), MemoryStore()), None)

    assert result.clusters[0].level == 1
    assert not [one for one in result.warnings if "level 2" in one]


def test_what_is_no_definition_is_not_given_to_kops() -> None:
    store, kops = state(1), FakeKops()
    store.put(f"{name(0)}/config", b"kind: Clus")

    result = run(Runs(store, MemoryStore()), kops)

    assert (result.clusters[0].level, kops.asked) == (0, [])


def test_kops_takes_no_more_than_its_share_of_a_run() -> None:
    moments = iter(range(0, 1000, 7))
    kops = FakeKops()
    reader = KopsReader(kops, monotonic=lambda: next(moments), budget=timedelta(seconds=10))

    found = [reader.read(f"c{number}", {}) for number in range(4)]

    assert [one.kops for one in found] == ["1.36.2", "1.36.2", None, None]
    assert "all the time of this run" in str(found[2].unproved)
    assert kops.asked == ["c0", "c1"]
