"""No backup of etcd is left of a cluster that had some: no snapshot to trust (faults 7 and 41)."""

from collections.abc import Callable
from typing import Final

import pytest

from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import ClusterResult, CreateOptions
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.fleets import Runs, etcd_backup, name, restored, state

C: Final = name(0)
ETCD: Final = f"{C}/backups/etcd"
Goes = Callable[[str], bool]


def taken(runs: Runs) -> ClusterResult:
    (result,) = (one for one in runs.run().clusters if one.cluster == C)
    return result


def lose(runs: Runs, goes: Goes = lambda _key: True) -> None:
    for key in keys(runs.state, ETCD):
        if goes(key):
            runs.state.delete(key)


def back_up(runs: Runs, day: int) -> None:
    place = f"{ETCD}/main/2026-11-{day}T00:00:00Z-000099"
    runs.state.put(f"{place}/etcd.backup.gz", etcd_backup(f"of day {day}"))
    runs.state.put(f"{place}/_etcd_backup.meta", b"{}")


@pytest.mark.parametrize(
    "goes",
    [
        lambda _key: True,
        lambda key: "/control/" not in key,
        lambda key: key.endswith("_etcd_backup.meta"),  # those that are left are not complete
    ],
    ids=["all", "all but live state", "what completes them"],
)
def test_where_no_backup_is_left_latest_is_the_snapshot_that_has_one(goes: Goes) -> None:
    runs = Runs(state(1), MemoryStore())
    good = taken(runs)
    lose(runs, goes)

    bad = taken(runs)

    assert (good.level, bad.level) == (1, 0)
    (finding,) = bad.findings
    assert finding.startswith("no complete etcd backup of main is left")
    assert str(good.snapshot) in finding
    assert choose(runs.snapshots, C, "latest").id == good.snapshot
    assert f"backups/etcd/main/{finding.split()[-1]}/etcd.backup.gz" in restored(runs.snapshots, C)
    newest = choose(runs.snapshots, C, "newest")
    assert verify(runs.snapshots, newest, level=1, by="test").findings == bad.findings


def test_it_is_said_in_every_run_until_etcd_manager_makes_one() -> None:
    runs = Runs(state(1), MemoryStore())
    taken(runs)
    lose(runs)
    first = taken(runs)

    again = taken(runs)
    runs.state.put(f"{C}/addons/mine.yaml", b"another definition")
    later = taken(runs)
    back_up(runs, 27)
    cured = taken(runs)

    assert again.reused
    assert (again.level, later.level) == (0, 0)
    assert first.findings == again.findings == later.findings
    assert (cured.level, cured.findings) == (1, ())


def test_what_else_is_wrong_is_still_wrong_when_a_backup_is_there_again() -> None:
    runs = Runs(state(1), MemoryStore())
    taken(runs)
    lose(runs)
    runs.state.put(f"{C}/instancegroup/nodes", b"kind: Nothing\n")
    both = taken(runs)
    back_up(runs, 27)

    assert len(both.findings) == 2
    assert taken(runs).findings == ("instancegroup/nodes is no InstanceGroup",)


def test_a_cluster_that_never_had_one_lacks_none() -> None:
    runs = Runs(state(1, backups=0), MemoryStore())
    taken(runs)
    runs.state.put(f"{C}/addons/mine.yaml", b"another definition")

    assert (taken(runs).level, taken(runs).findings) == (1, ())


def test_a_cluster_that_was_deleted_took_its_backups_along() -> None:
    runs = Runs(state(1), MemoryStore())
    url = runs.state.location.url
    epoch.check(runs.snapshots, C, url)
    taken(runs)
    lose(runs)
    epoch.vacate(runs.snapshots, C, url)
    epoch.check(runs.snapshots, C, url)

    assert (taken(runs).level, taken(runs).findings) == (1, ())


def test_nobody_misses_backups_that_nobody_wants() -> None:
    runs = Runs(state(1), MemoryStore())
    taken(runs)
    options = CreateOptions("test", etcd_backups=0)

    (result,) = create(runs.state, runs.snapshots, [C], options=options, progress=Quiet()).clusters

    assert (result.level, result.findings) == (1, ())


def test_that_the_events_have_none_left_is_said_once_and_costs_no_trust() -> None:
    """No run said it; of damage alone it did."""
    runs = Runs(state(1), MemoryStore())
    place = f"{ETCD}/events/2026-11-24T00:00:00Z-000001"
    runs.state.put(f"{place}/etcd.backup.gz", etcd_backup("events"))
    runs.state.put(f"{place}/_etcd_backup.meta", b"{}")
    first = taken(runs).snapshot
    lose(runs, lambda key: "/events/" in key)

    said = runs.run()

    assert said.clusters[0].level == 1
    (words,) = (one for one in said.warnings if "events" in one)
    assert f"no complete etcd backup of events is left, and snapshot {first} has" in words
    assert not [one for one in runs.run().warnings if "events" in one]


def test_where_no_backups_are_wanted_none_is_missed_of_the_events_either() -> None:
    runs = Runs(state(1), MemoryStore())
    runs.run()
    runs.state.put(f"{C}/kops-version.txt", b"1.36.3")
    options = CreateOptions(by="kled test", etcd_backups=0)

    said = create(runs.state, runs.snapshots, None, options=options, progress=Quiet())

    assert not [one for one in said.warnings if "etcd backup" in one]
