"""A cluster's directory in which somebody keeps much that kops does not: taken, and not held."""

import os
import tracemalloc

import pytest

from kled.snapshot.choosing import choose
from kled.snapshot.create.selection import TOGETHER
from kled.snapshot.documents.manifest import LARGEST_ARCHIVE, Manifest
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import BACKUP, Runs, etcd_backup, expected, name, restored, state

EACH = 4 << 20
FILES = {f"mine/{number:02d}": bytes([number]) * EACH for number in range(9)}


@pytest.fixture
def runs() -> Runs:
    made = Runs(state(2), MemoryStore())
    for key, body in FILES.items():
        made.state.put(f"{name(0)}/{key}", body)
    return made


def newest(runs: Runs) -> Manifest:
    return runs.snapshots.manifest(choose(runs.snapshots, name(0), "latest"))


def test_what_is_more_than_an_archive_should_hold_is_in_blobs(runs: Runs) -> None:  # fault 87
    runs.run().require_whole()

    manifest = newest(runs)
    assert sum(one.size for one in manifest.archived) <= TOGETHER < LARGEST_ARCHIVE
    assert "config" in {one.key for one in manifest.archived}
    assert restored(runs.snapshots, name(0)) == {**expected(0), **FILES}
    ref = choose(runs.snapshots, name(0), "latest")
    assert verify(runs.snapshots, ref, level=1, by="test").trustworthy


def test_the_next_snapshots_build_on_such_a_one(runs: Runs) -> None:
    runs.run().require_whole()
    before = newest(runs)
    (taken, _) = runs.run().require().clusters
    assert taken.reused

    newer = BACKUP.replace("23:45", "23:59")
    runs.state.put(f"{name(0)}/{newer}/_etcd_backup.meta", b"{}")
    runs.state.put(f"{name(0)}/{newer}/etcd.backup.gz", etcd_backup("newer"))
    runs.run().require_whole()
    after = newest(runs)

    assert after.archive == before.archive
    assert {one.key for one in after.archived} == {one.key for one in before.archived}
    assert set(FILES) <= restored(runs.snapshots, name(0)).keys()


def test_a_cluster_of_any_size_is_taken_and_little_of_it_held() -> None:
    """More than an archive may hold was `a bug in kled`, with all of it in memory twice."""
    runs = Runs(state(1), MemoryStore())
    body = os.urandom(EACH)
    for number in range(66):  # 264 MiB, of one body in memory
        runs.state.put(f"{name(0)}/mine/{number:02d}", body)

    tracemalloc.start()
    try:
        (taken,) = runs.run().clusters
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    assert taken.error is None
    assert len(newest(runs).objects) == 66 + len(expected(0))
