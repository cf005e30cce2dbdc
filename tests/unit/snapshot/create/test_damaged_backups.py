"""An etcd backup that is damaged is found when it is copied, and an older one taken (fault 7)."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import random
from typing import TYPE_CHECKING

import pytest

from kled.snapshot.create.older_backup import take_older
from kled.snapshot.create.selection import Selection, select
from kled.snapshot.etcd import find_trouble
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.verify.verify import VerifyReport, verify
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore
from tests.unit.snapshot.etcd.backups import NAMES, backup
from tests.unit.snapshot.fleets import Runs, etcd_backup, group, name, objects, restored, state

if TYPE_CHECKING:
    from kled.snapshot.create.results import ClusterResult
    from kled.snapshot.documents.manifest import Manifest, Payload

CLUSTER = name(0)
WHOLE = backup()
PLACE = "backups/etcd/{}/2026-11-2{}T00:00:00Z-00000{}"
DAMAGES = {
    "without its SHA-256": gzip.compress(gzip.decompress(WHOLE)[:-32]),
    "cut in its SHA-256": gzip.compress(gzip.decompress(WHOLE)[:-1]),
    "cut in its database": gzip.compress(gzip.decompress(WHOLE)[:-4096]),
    "half its gzip": WHOLE[: len(WHOLE) // 2],
    "without the end of its gzip": WHOLE[:-4],
    "a byte turned": gzip.compress(b"x" + gzip.decompress(WHOLE)[1:]),
    "a gzip of nothing": gzip.compress(b""),
    "nothing": b"",
    "a page of something else": b"<html>503</html>",
}
CUT = DAMAGES["without its SHA-256"]


def put(store: MemoryStore, etcd: str, at: int, data: bytes) -> str:
    """Write one backup as etcd-manager does; return the key of its data, below the cluster."""
    place = PLACE.format(etcd, at, at)
    store.put(f"{CLUSTER}/{place}/etcd.backup.gz", data)
    store.put(f"{CLUSTER}/{place}/_etcd_backup.meta", b"{}")
    return f"{place}/etcd.backup.gz"


def cluster(*data: bytes, etcd: str = "main") -> MemoryStore:
    """A state store with one cluster and these backups, oldest first."""
    store = state(1, backups=0)
    for at, body in enumerate(data, 1):
        put(store, etcd, at, body)
    return store


def taken(runs: Runs) -> tuple[ClusterResult, Manifest]:
    result = runs.run().require().clusters[0]
    return result, runs.snapshots.manifest(SnapshotRef(CLUSTER, result.snapshot or ""))


def verified(runs: Runs, result: ClusterResult, level: int) -> VerifyReport:
    ref = SnapshotRef(CLUSTER, result.snapshot or "")
    return verify(runs.snapshots, ref, level=level, by="test", record=False)


@pytest.mark.parametrize("version", NAMES)
def test_backups_of_a_real_etcd_are_whole(version: str) -> None:
    assert find_trouble([backup(version)]) is None
    runs = Runs(cluster(backup(version)), MemoryStore())

    result, manifest = taken(runs)

    assert (result.level, result.findings, manifest.damaged) == (1, (), ())


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_said_and_the_next_older_one_taken_too(damage: str) -> None:
    store = cluster(WHOLE, WHOLE, DAMAGES[damage])
    runs = Runs(store, MemoryStore())

    result, manifest = taken(runs)

    assert result.level == manifest.level == 1  # it brings everything back
    (finding,) = result.findings
    assert "1 of 2 etcd backups of main are damaged, 2026-11-23T00:00:00Z-000003:" in finding
    assert finding.endswith("; it holds 2026-11-22T00:00:00Z-000002 whole")
    assert [one.key for one in manifest.damaged] == [f"{PLACE.format('main', 3, 3)}/etcd.backup.gz"]
    assert manifest.whole_backups("main") == ("2026-11-22T00:00:00Z-000002",)
    found = restored(runs.snapshots, CLUSTER)
    assert found[f"{PLACE.format('main', 2, 2)}/etcd.backup.gz"] == WHOLE
    assert found[f"{PLACE.format('main', 3, 3)}/etcd.backup.gz"] == DAMAGES[damage]
    assert f"{PLACE.format('main', 1, 1)}/etcd.backup.gz" not in found


def test_what_is_damaged_is_said_in_each_run_until_a_whole_one_comes() -> None:
    store, kept = cluster(WHOLE, CUT), MemoryStore()
    runs = Runs(store, kept)
    first, _ = taken(runs)

    for _ in range(3):
        again, _ = taken(runs)
        assert again.reused
        assert (again.snapshot, again.findings) == (first.snapshot, first.findings)
        assert again.level == 1

    put(store, "main", 3, WHOLE)
    cured, manifest = taken(runs)
    assert (cured.reused, cured.level, cured.findings) == (False, 1, ())
    assert manifest.etcd_backups["main"] == ("2026-11-23T00:00:00Z-000003",)
    assert taken(runs)[0].reused


def test_damaged_ones_are_gone_through_until_one_is_whole() -> None:
    runs = Runs(cluster(WHOLE, WHOLE, CUT, CUT, CUT), MemoryStore())

    result, manifest = taken(runs)

    assert result.level == 1
    assert manifest.etcd_backups["main"] == (
        "2026-11-25T00:00:00Z-000005",
        "2026-11-22T00:00:00Z-000002",
    )
    reasons = [one.reason for one in manifest.skipped if "main" in one.key]
    assert "1 older backups" in reasons
    assert "2 older backups that are damaged" in reasons


def test_where_no_whole_one_is_left_people_s_objects_are_lost_and_the_level_says_so() -> None:
    runs = Runs(cluster(CUT, CUT), MemoryStore())

    result, manifest = taken(runs)

    assert (result.level, manifest.level) == (0, 0)
    assert result.findings[0].endswith("there is no whole one of main")
    again, _ = taken(runs)
    assert (again.reused, again.level, again.findings) == (True, 0, result.findings)
    for level in (1, 4):
        report = verified(runs, result, level)
        assert not report.trustworthy
        assert report.level == 1
    runs.state.put(f"{CLUSTER}/instancegroup/nodes", group("maxSize: 9"))
    changed, _ = taken(runs)
    assert (changed.reused, changed.level, changed.findings) == (False, 0, result.findings)
    put(store := runs.state, "main", 9, WHOLE)  # type: ignore[arg-type]  # a store in memory
    assert store is runs.state
    cured, _ = taken(runs)
    assert (cured.level, cured.findings) == (1, ())


def test_events_fill_themselves_again_so_their_damage_is_only_said() -> None:
    store = cluster(WHOLE)
    put(store, "events", 1, CUT)
    runs = Runs(store, MemoryStore())

    result, _ = taken(runs)

    assert result.level == 1
    assert [one.endswith("there is no whole one of events") for one in result.findings] == [True]
    assert taken(runs)[0].findings == result.findings
    report = verified(runs, result, 1)
    assert report.trustworthy
    assert report.unproved == result.findings


def test_a_verification_without_level_4_knows_what_was_damaged_at_birth() -> None:
    runs = Runs(cluster(WHOLE, CUT), MemoryStore())
    result, _ = taken(runs)

    for level in (1, 4):
        report = verified(runs, result, level)
        assert report.trustworthy
        assert report.unproved == result.findings
    assert report.level == 4  # the whole one opens


def test_one_that_is_streamed_is_looked_at_as_well() -> None:
    sectors = random.Random(7).randbytes(5 << 20)  # noqa: S311 - not for keys
    whole = gzip.compress(sectors + hashlib.sha256(sectors).digest(), 1)
    runs = Runs(cluster(whole, gzip.compress(sectors, 1)), MemoryStore())

    result, manifest = taken(runs)

    assert len(result.findings) == 1
    assert manifest.whole_backups("main") == ("2026-11-21T00:00:00Z-000001",)
    put(runs.state, "main", 3, gzip.compress(sectors + bytes(32), 1))  # type: ignore[arg-type]
    assert taken(runs)[0].findings[0].endswith("000001 whole")


def test_a_definition_that_is_damaged_is_said_in_each_run_too() -> None:
    store = cluster(WHOLE)
    store.put(f"{CLUSTER}/config", objects(0)["config"][:9])
    runs = Runs(store, MemoryStore())
    first, manifest = taken(runs)

    for _ in range(2):
        again, _ = taken(runs)
        assert again.reused
        assert (again.level, again.findings) == (0, first.findings)
    assert manifest.findings == first.findings != ()
    put(store, "main", 2, etcd_backup("newer"))
    newer, _ = taken(runs)
    assert (newer.reused, newer.level, newer.findings) == (False, 0, first.findings)


def test_a_cluster_of_bad_backups_alone_keeps_nobody_waiting_for_long() -> None:
    """Fault 84: each can be made to unpack to 16 GiB, and there may be thousands of them."""
    counting = CountingStore(cluster(*[CUT] * 8))
    chosen = select(CLUSTER, counting.entries(f"{CLUSTER}/"), 1)
    assert isinstance(chosen, Selection)
    minutes = itertools.count(step=120)

    found = take_older(counting, chosen, "main", refuse, (), lambda: float(next(minutes)))

    assert found is None
    assert counting.counts["read"] == 2


def refuse(_spool: object) -> Payload:
    raise AssertionError
