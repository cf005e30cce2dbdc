"""A backup of etcd that a check opened and found damaged is damaged in every later snapshot.

The next run made another snapshot of the very same bytes, level 1, and everything was green.
"""

import pytest

from kled.snapshot.create.results import ClusterResult
from kled.snapshot.documents.manifest import Proof
from kled.snapshot.documents.proofs import record
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.verify.verify import VerifyReport, verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.create.test_damaged_backups import CLUSTER, PLACE, WHOLE, cluster, put
from tests.unit.snapshot.etcd.backups import packed
from tests.unit.snapshot.fleets import Runs

NO_DATABASE = packed(bytes(49152))
"""With the SHA-256 that it ends with: only who opens it finds it out."""
FIRST = f"{PLACE.format('main', 1, 1)}/etcd.backup.gz"


def taken(runs: Runs) -> ClusterResult:
    return runs.run().clusters[0]


def opened(runs: Runs, snapshot: str | None, *, level: int = 4) -> VerifyReport:
    return verify(runs.snapshots, SnapshotRef(CLUSTER, snapshot or ""), level=level, by="kled test")


def recorded(runs: Runs, snapshot: str | None, *findings: str) -> None:
    """Keep what a check of level 4 of another kled found."""
    manifest = runs.snapshots.manifest(SnapshotRef(CLUSTER, snapshot or ""))
    proof = Proof(level=4, at=runs.snapshots.now(), seconds=0, by="another kled")
    record(runs.snapshots, manifest, proof, findings)


@pytest.fixture
def runs() -> Runs:
    """A cluster with one backup that is no database, and a snapshot of it."""
    return Runs(cluster(NO_DATABASE), MemoryStore())


def test_the_next_snapshot_of_the_same_backup_says_so_and_is_not_trusted(runs: Runs) -> None:
    first = taken(runs)
    assert not opened(runs, first.snapshot).trustworthy

    second = taken(runs)

    assert (second.snapshot != first.snapshot, second.level) == (True, 0)
    (words,) = second.findings
    assert f"the check of level 4 of snapshot {first.snapshot}" in words
    assert "there is no whole one of main" in words
    for _ in range(2):
        again = taken(runs)
        assert (again.snapshot, again.level, again.findings) == (second.snapshot, 0, (words,))


def test_a_check_names_the_backup_that_failed(runs: Runs) -> None:
    (words, *_) = opened(runs, taken(runs).snapshot).findings

    assert words.startswith(f"{FIRST}: the etcd database is damaged")


def test_an_older_whole_backup_is_taken_instead_and_never_one_that_failed() -> None:
    runs = Runs(cluster(WHOLE, NO_DATABASE), MemoryStore())
    first = taken(runs)
    opened(runs, first.snapshot)

    second = taken(runs)

    assert second.level == 1
    assert second.findings[0].endswith("; it holds 2026-11-21T00:00:00Z-000001 whole")
    assert opened(runs, second.snapshot).trustworthy


def test_one_that_failed_is_no_whole_one_beside_a_newer_damaged_one(runs: Runs) -> None:
    """Another member: it was said to be the one that is whole."""
    opened(runs, taken(runs).snapshot)
    put(runs.state, "main", 2, WHOLE[:99])  # type: ignore[arg-type]  # a store in memory

    later = taken(runs)

    assert later.level == 0
    assert "there is no whole one of main" in later.findings[0]


def test_a_snapshot_that_was_taken_before_the_check_is_not_handed_on_either(runs: Runs) -> None:
    """Another member: the check is that of an older snapshot with the same backup."""
    first = taken(runs)
    runs.state.put(f"{CLUSTER}/addons/more", b"kind: Deployment\n")
    second = taken(runs)
    assert second.level == 1
    opened(runs, first.snapshot)

    third = taken(runs)

    assert (third.snapshot != second.snapshot, third.level) == (True, 0)
    assert taken(runs).snapshot == third.snapshot


def test_a_check_that_was_repeated_and_holds_counts_no_more(runs: Runs) -> None:
    first = taken(runs)
    opened(runs, first.snapshot)
    bad = taken(runs)
    recorded(runs, first.snapshot)

    cured = taken(runs)

    assert bad.level == 0
    assert (cured.level, cured.findings) == (1, ())


def test_another_backup_is_judged_by_itself(runs: Runs) -> None:
    opened(runs, taken(runs).snapshot)
    taken(runs)
    put(runs.state, "main", 2, WHOLE)  # type: ignore[arg-type]  # a store in memory

    assert (taken(runs).level, taken(runs).findings) == (1, ())


def test_a_check_of_an_earlier_kled_that_names_no_backup_means_all_of_its_snapshot() -> None:
    runs = Runs(cluster(NO_DATABASE), MemoryStore())
    first = taken(runs)
    recorded(runs, first.snapshot, "the etcd database is damaged: it has no meta page")

    assert taken(runs).level == 0


@pytest.mark.parametrize("backup", [NO_DATABASE, WHOLE[:99]], ids=["no database", "cut"])
@pytest.mark.parametrize("cure", ["a whole one", "none is left"])
def test_what_a_nightly_check_says_of_a_backup_ends_with_it(backup: bytes, cure: str) -> None:
    """It stood as a failed level 1 against the definition, which had not changed since."""
    state = cluster(backup)
    runs = Runs(state, MemoryStore())
    opened(runs, taken(runs).snapshot)
    for _ in range(2):
        assert not opened(runs, taken(runs).snapshot, level=1).trustworthy
    if cure == "a whole one":
        put(state, "main", 2, WHOLE)
    else:
        for entry in list(state.entries(f"{CLUSTER}/{PLACE.format('main', 1, 1)}/")):
            state.delete(entry.key)

    cured = taken(runs)

    assert not any("check of level" in finding for finding in cured.findings), cured.findings
    if cure == "a whole one":
        assert (cured.level, cured.findings) == (1, ())
        assert opened(runs, cured.snapshot, level=1).trustworthy


def test_what_a_check_says_of_the_definition_stands_beside_a_damaged_backup() -> None:
    """Another member: of two findings of one check the definition's is told, and that alone."""
    state = cluster(WHOLE[:99])
    state.put(f"{CLUSTER}/addons/more", b"kind: Deployment\n")
    runs = Runs(state, MemoryStore())
    first = taken(runs)
    manifest = runs.snapshots.manifest(SnapshotRef(CLUSTER, first.snapshot or ""))
    proof = Proof(level=1, at=runs.snapshots.now(), seconds=0, by="another kled")
    of_etcd = manifest.etcd_findings()["main"]
    record(runs.snapshots, manifest, proof, ["config cannot be read", of_etcd])
    put(state, "main", 2, WHOLE)

    (finding,) = taken(runs).findings

    assert "config cannot be read" in finding
    assert of_etcd not in finding
