"""What a listing tells of etcd's backups and control objects."""

from datetime import UTC, datetime, timedelta

import pytest

from kled.kops.state_store.etcd_catalogue import EtcdCatalogue, catalogue, intervals
from kled.storage.base import Entry

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLACE = "c.example.com/backups/etcd/main/"
META, DATA = "_etcd_backup.meta", "etcd.backup.gz"


def named(moment: datetime, sequence: int = 1) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}-{sequence:06d}"


def entry(key: str, written: datetime | None = NOW, size: int = 9) -> Entry:
    return Entry(f"{PLACE}{key}", size, "tag", written)


def backup(
    taken: datetime, *files: str, written: datetime | None = None, sequence: int = 1, size: int = 9
) -> list[Entry]:
    name = named(taken, sequence)
    return [entry(f"{name}/{file}", written or taken, size) for file in files or (DATA, META)]


def read(*groups: list[Entry]) -> EtcdCatalogue:
    return catalogue("main", [line for lines in groups for line in lines], PLACE)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def test_the_newest_complete_backup_is_the_first_that_has_both_objects() -> None:
    half = backup(ago(minutes=20), DATA)
    there = read(half, backup(ago(minutes=35)), backup(ago(hours=2)))

    assert there.newest is not None
    assert there.newest.name == named(ago(minutes=35))
    assert there.newest.age(NOW) == timedelta(minutes=35)
    assert [(half.name, half.lacks) for half in there.halfway(NOW)] == [
        (named(ago(minutes=20)), (META,))
    ]


def test_a_backup_that_is_being_written_is_not_halfway_yet() -> None:
    there = read(backup(ago(minutes=1), DATA), backup(ago(minutes=16)))

    assert there.halfway(NOW) == ()
    assert there.newest is not None
    assert there.newest.name == named(ago(minutes=16))


def test_an_empty_object_is_one_that_is_lacking() -> None:
    there = read(backup(ago(hours=1), size=0))

    assert there.newest is None
    assert there.backups[0].lacks == (DATA, META)


def test_a_copied_backup_is_as_old_as_its_name() -> None:
    there = read(backup(ago(days=3), written=ago(minutes=1)))

    assert there.newest is not None
    assert there.newest.age(NOW) == timedelta(days=3)
    assert not there.newest.is_ahead(NOW)


def test_a_backup_that_is_named_in_the_future_is_as_old_as_the_store_says() -> None:
    ahead = backup(NOW + timedelta(days=2), written=ago(hours=9))
    there = read(ahead, backup(ago(minutes=10), sequence=2))

    assert there.newest is not None
    assert there.newest.name == named(ago(minutes=10), 2)
    wrong = there.backups[1]
    assert wrong.is_ahead(NOW)
    assert wrong.age(NOW) == timedelta(hours=9)


def test_no_backup_is_younger_than_nothing() -> None:
    there = read(backup(NOW + timedelta(minutes=3)))

    assert there.newest is not None
    assert there.newest.age(NOW) == timedelta(0)
    assert not there.newest.is_ahead(NOW)


def test_what_is_not_named_by_a_time_is_dated_by_the_store() -> None:
    lines = [entry(f"by-hand/{file}", ago(hours=1)) for file in (DATA, META)]
    nameless = [entry(f"2026-02-31T00:00:00Z-000001/{file}", None) for file in (DATA, META)]
    there = read(lines, nameless)

    assert [(row.name, row.age(NOW)) for row in there.backups] == [
        ("by-hand", timedelta(hours=1)),
        ("2026-02-31T00:00:00Z-000001", None),
    ]


def test_control_objects_are_no_backups() -> None:
    there = read(
        [
            entry("control/etcd-cluster-created", size=0),
            entry("control/2026-11-23T14:50:00Z-000000/_command.json"),
            entry("control/lock"),
        ]
    )

    assert there.backups == ()
    assert (there.created.state, there.spec.state) == ("empty", "missing")
    assert there.commands == ("control/2026-11-23T14:50:00Z-000000/_command.json",)
    assert there.has_run


def test_what_kops_wrote_alone_does_not_say_that_etcd_ran() -> None:
    assert not read([entry("control/etcd-cluster-spec")]).has_run


def test_objects_of_another_place_are_not_counted() -> None:
    other = Entry(f"c.example.com/backups/etcd/events/{named(NOW)}/{DATA}", 1, "tag", NOW)

    assert read([other]).backups == ()


@pytest.mark.parametrize(
    ("manager", "interval"),
    [
        ({}, timedelta(minutes=15)),
        ({"backupInterval": "1h0m0s"}, timedelta(hours=1)),
        ({"backupInterval": "often"}, timedelta(minutes=15)),
        ({"backupInterval": "0"}, timedelta(minutes=15)),
        ("text", timedelta(minutes=15)),
    ],
)
def test_the_interval_is_that_of_the_definition(manager: object, interval: timedelta) -> None:
    document = {"spec": {"etcdClusters": [{"name": "main", "manager": manager}]}}

    assert intervals(document) == {"main": interval}
