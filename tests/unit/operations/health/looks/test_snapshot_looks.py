"""What could be brought back from snapshots, and how old that is."""

from datetime import datetime, timedelta

import pytest

from kled.errors import (
    KledError,
    SnapshotMissing,
    SnapshotNotTrustworthy,
    StoreDenied,
    StoreUnavailable,
)
from kled.models.health_finding import HealthFinding
from kled.operations.health.looks.snapshots import (
    Recoverable,
    find_recoverable,
    judge_snapshots,
)
from kled.operations.health.looks.stored import StoredCluster, read_clusters
from kled.snapshot.trust.ledger import read_ledger
from kled.storage.memory import MemoryStore
from kled.targets import Targets
from tests.unit.operations.health.looks.clusters import DAY, NOW, C, world
from tests.unit.snapshot.fleets import Runs, name, objects, state

ID = "20261124T110000Z-00000001"


def judged(
    point: Recoverable | KledError, known: StoredCluster | None = None, **targets: int
) -> list[HealthFinding]:
    held = Targets(**targets)  # type: ignore[arg-type]  # levels and counts
    return list(judge_snapshots(known or world().stored(), point, NOW, held))


def point(age: timedelta, level: int = 1, **etcd: datetime | None) -> Recoverable:
    return Recoverable(ID, NOW - age, etcd, level)


@pytest.mark.parametrize(
    ("age", "level", "wanted", "found_state"),
    [
        (timedelta(minutes=170), 1, 1, "ok"),
        (timedelta(minutes=190), 1, 1, "failed"),
        (timedelta(minutes=10), 1, 2, "warning"),
        (timedelta(minutes=10), 4, 2, "ok"),
        (-timedelta(minutes=9), 1, 1, "ok"),
    ],
)
def test_the_recovery_point_is_held_against_the_targets(
    age: timedelta, level: int, wanted: int, found_state: str
) -> None:
    (finding,) = judged(point(age, level), snapshot_level=wanted)

    assert finding.state == found_state
    assert finding.rpo == max(age, timedelta(0))


def test_each_etcd_cluster_has_a_recovery_point_of_its_own() -> None:
    late = NOW - timedelta(hours=9)
    _, events, main = judged(
        point(timedelta(minutes=9), events=late, main=NOW - timedelta(minutes=20))
    )

    assert (main.about, main.state, main.rpo) == ("etcd main", "ok", timedelta(minutes=20))
    assert (events.state, events.rpo) == ("warning", timedelta(hours=9))


def test_a_snapshot_without_a_whole_backup_says_so() -> None:
    _, main = judged(point(timedelta(minutes=9), main=None))

    assert (main.state, main.rpo) == ("warning", None)


@pytest.mark.parametrize(
    ("error", "found_state"),
    [
        (SnapshotMissing("there is none"), "failed"),
        (SnapshotNotTrustworthy("none can be trusted"), "failed"),
        (StoreDenied("no"), "unknown"),
        (StoreUnavailable("no answer"), "unknown"),
    ],
)
def test_no_snapshot_is_worse_than_not_to_know(error: KledError, found_state: str) -> None:
    (finding,) = judged(error)

    assert (finding.state, finding.message) == (found_state, error.message)


def test_a_cluster_that_was_never_applied_may_go_without_one() -> None:
    (finding,) = judged(SnapshotMissing("there is none"), StoredCluster(C))

    assert finding.state == "warning"
    assert finding.mend == f"kled snapshot create --name={C}"


def recoverable(runs: Runs) -> Recoverable:
    return find_recoverable(read_ledger(runs.snapshots, runs.state), name(0))


def test_a_run_that_finds_nothing_new_makes_an_old_snapshot_young() -> None:
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    first = recoverable(runs)
    runs.seconds += 7200

    runs.run().require_whole()
    later = recoverable(runs)

    assert later.snapshot == first.snapshot
    assert later.state - first.state >= timedelta(hours=2)


def test_a_run_that_could_not_read_the_cluster_does_not() -> None:
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    first = recoverable(runs)
    runs.seconds += 7200
    runs.state.put(f"{name(0)}/config", b"\xff")

    runs.run()

    assert recoverable(runs).state - first.state < timedelta(minutes=1)


def test_the_etcd_backup_of_a_snapshot_is_dated_by_its_name() -> None:
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()

    assert recoverable(runs).etcd["main"] == datetime.fromisoformat("2026-11-24T01:00:00Z")


def test_a_young_cluster_is_known_by_what_was_written_first() -> None:
    store = MemoryStore(now=lambda: NOW - DAY)
    for key, body in objects(0).items():
        store.put(f"{name(0)}/{key}", body)

    assert read_clusters(store, [name(0)])[name(0)].since == NOW - DAY
