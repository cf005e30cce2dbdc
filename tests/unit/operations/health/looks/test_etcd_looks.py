"""etcd's control markers and backups: what is dangerous is said before etcd-manager restarts."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from kled.errors import StoreDenied
from kled.models.health_finding import HealthFinding
from kled.operations.health.looks.etcd import judge_etcd, read_etcd
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.unit.operations.health.looks.clusters import DAY, NOW, C, World, world

CREATED = "backups/etcd/main/control/etcd-cluster-created"
SPEC = "backups/etcd/main/control/etcd-cluster-spec"


def nowhere(url: str) -> ObjectStore:
    raise StoreDenied(f"{url}: no")


def looks(
    made: World,
    now: datetime = NOW,
    other: Callable[[str], ObjectStore] = nowhere,
) -> dict[str, HealthFinding]:
    known = made.stored()
    found = judge_etcd(known, read_etcd(made.store, known, other), now, 3)
    return {finding.look: finding for finding in found}


def states(made: World, now: datetime = NOW) -> tuple[str, str]:
    found = looks(made, now)
    return found["etcd markers"].state, found["etcd backups"].state


def test_a_cluster_with_both_markers_and_a_young_backup_is_well() -> None:
    found = looks(world())

    assert {finding.state for finding in found.values()} == {"ok"}
    assert found["etcd markers"].message == "both are there, for 3 members of etcd 3.6.12"
    assert found["etcd backups"].age == timedelta(minutes=9)


def test_a_marker_that_is_gone_is_said_with_what_not_to_do() -> None:
    made = world()
    made.store.delete(f"{C}/{CREATED}")

    marker = looks(made)["etcd markers"]

    assert (marker.state, marker.danger) == ("failed", True)
    assert "takes the cluster for a new one" in marker.message
    assert marker.mend == (
        "do not restart etcd-manager or a control plane's machine, and do not update; put it back:"
        f" kled snapshot restore --name={C} --snapshot=latest --with-control shows what it would"
        " write"
    )


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        (CREATED, "", "etcd-cluster-created is empty, at which etcd-manager stops"),
        (CREATED, "[]", "etcd-cluster-created holds no JSON object"),
        (SPEC, "", "etcd-cluster-spec is empty"),
        (SPEC, "{}", "etcd-cluster-spec holds no member count"),
        (SPEC, '{"memberCount": 1}', "etcd-cluster-spec asks for 1 member, and kops applied 3"),
    ],
)
def test_a_marker_that_etcd_manager_cannot_obey_has_failed(key: str, body: str, words: str) -> None:
    made = world()
    made.write(key, body)

    marker = looks(made)["etcd markers"]

    assert marker.state == "failed"
    assert marker.message.startswith(words)


def test_without_the_spec_etcd_manager_takes_no_backups() -> None:
    made = world()
    made.store.delete(f"{C}/{SPEC}")

    assert looks(made)["etcd markers"].message == (
        "etcd-cluster-spec is missing: etcd-manager takes no backups without it"
    )


def test_a_command_that_waits_is_worth_a_look() -> None:
    made = world()
    made.write("backups/etcd/main/control/2026-11-23T14:50:00Z-000000/_command.json", "{}")

    marker = looks(made)["etcd markers"]

    assert (marker.state, "obeys it" in marker.message) == ("warning", True)


def test_a_new_cluster_has_no_marker_yet() -> None:
    made = World(now=NOW - timedelta(minutes=5))
    old = world()
    for entry in old.store.entries(f"{C}/"):
        if "/backups/" not in entry.key:
            made.write(entry.key.removeprefix(f"{C}/"), old.store.get(entry.key).body)

    assert states(made) == ("warning", "warning")
    assert states(made, NOW + timedelta(hours=1)) == ("failed", "failed")


def test_a_restored_cluster_with_backups_is_not_taken_for_a_new_one() -> None:
    made = World(now=NOW - timedelta(minutes=5))
    made.write("kops-version.txt", "1.36.2")
    made.write("config", world().store.get(f"{C}/config").body)
    made.backup(NOW - 2 * DAY, at=NOW - timedelta(minutes=5))

    assert states(made)[0] == "failed"


def test_a_backup_is_overdue_after_three_intervals() -> None:
    made = world(backup=False)
    made.backup(NOW - timedelta(minutes=44))
    assert states(made)[1] == "ok"

    overdue = looks(made, NOW + timedelta(minutes=2))["etcd backups"]

    assert overdue.state == "failed"
    assert "is 46 minutes old; one is due every 45 minutes at the latest" in overdue.message


def test_the_interval_of_the_definition_counts() -> None:
    etcd = {"name": "main", "etcdMembers": [{"name": n} for n in "abc"]}
    made = world(backup=False, etcdClusters=[{**etcd, "manager": {"backupInterval": "2h"}}])
    made.backup(NOW - timedelta(hours=5))

    assert states(made)[1] == "ok"


def test_no_backup_at_all_has_failed_where_the_cluster_is_not_new() -> None:
    made = world(backup=False)
    assert looks(made)["etcd backups"].message.startswith("there is no complete backup:")

    made.backup(NOW - timedelta(hours=1), half=True)

    assert looks(made)["etcd backups"].message.startswith(
        "there is no complete backup (1 is halfway): "
    )


def test_a_backup_halfway_is_worth_a_look_while_a_whole_one_is_young() -> None:
    made = world(backup=False)
    made.backup(NOW - timedelta(minutes=25))
    half = made.backup(NOW - timedelta(minutes=10), half=True)

    backups = looks(made)["etcd backups"]

    assert backups.state == "warning"
    assert f"{half} is halfway: it lacks _etcd_backup.meta" in backups.message


def test_a_backup_in_the_future_does_not_hide_that_none_was_taken() -> None:
    made = world(backup=False)
    ahead = made.backup(NOW + 3 * DAY, at=NOW - timedelta(hours=7))
    assert states(made)[1] == "failed"

    made.backup(NOW - timedelta(minutes=3))
    backups = looks(made)["etcd backups"]

    assert backups.state == "warning"
    assert f"{ahead} is named in the future" in backups.message


def test_a_place_that_cannot_be_asked_is_unknown_and_not_ok() -> None:
    etcd = {"name": "main", "backups": {"backupStore": "s3://other/etcd"}}
    found = looks(world(etcdClusters=[etcd]))

    assert {finding.state for finding in found.values()} == {"unknown"}
    assert found["etcd markers"].message == "s3://other/etcd cannot be read: s3://other/etcd: no"


def test_a_place_elsewhere_is_read_there() -> None:
    etcd = {"name": "main", "etcdMembers": [{"name": n} for n in "abc"]}
    made = world(etcdClusters=[{**etcd, "backups": {"backupStore": "s3://other/etcd"}}])
    other = MemoryStore(now=lambda: NOW)
    for key in made.store.entries(f"{C}/backups/etcd/main/"):
        other.put(key.key.removeprefix(f"{C}/backups/etcd/main/"), made.store.get(key.key).body)

    found = looks(made, other=lambda _url: other)

    assert {finding.state for finding in found.values()} == {"ok"}
