"""Reading which etcd backups and control objects a cluster has, wherever they are kept."""

from kled.errors import StoreDenied
from kled.snapshot.etcd import stored
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore

C = "c.example.com"
NAME = "2026-11-24T23:45:00Z-000075"


def definition(**backup_stores: str) -> dict[str, object]:
    etcds = [
        {"name": name, "backups": {"backupStore": backup_stores[name]}}
        if name in backup_stores
        else {"name": name}
        for name in ("main", "events")
    ]
    return {"spec": {"etcdClusters": etcds}}


def fill(store: ObjectStore, place: str) -> None:
    for file in ("etcd.backup.gz", "_etcd_backup.meta"):
        store.put(f"{place}{NAME}/{file}", b"x")


def nowhere(url: str) -> ObjectStore:
    raise AssertionError(url)


def names_of(
    state: ObjectStore, document: dict[str, object], other: stored.OpenUrl = nowhere
) -> dict[str, list[str]]:
    return {
        read.place.etcd: [backup.name for backup in read.catalogue.backups]
        for read in stored.read_catalogues(state, C, document, other)
        if read.catalogue is not None
    }


def test_each_etcd_cluster_is_looked_for_where_kops_keeps_it_by_default() -> None:
    state = MemoryStore()
    fill(state, f"{C}/backups/etcd/main/")

    assert names_of(state, definition()) == {"main": [NAME], "events": []}


def test_a_place_within_the_cluster_is_looked_for_there() -> None:
    state = MemoryStore()
    fill(state, f"{C}/elsewhere/")
    named = f"{state.location.url}/{C}/elsewhere"

    assert names_of(state, definition(main=named)) == {"main": [NAME], "events": []}


def test_a_place_in_another_bucket_is_asked_there() -> None:
    state, bucket = MemoryStore(), MemoryStore()
    fill(bucket, "")
    opened: list[str] = []

    def other(url: str) -> ObjectStore:
        opened.append(url)
        return bucket

    document = definition(main="s3://other/etcd-main/")

    assert names_of(state, document, other)["main"] == [NAME]
    assert opened == ["s3://other/etcd-main"]


def test_a_place_that_denies_hides_no_other() -> None:
    state = MemoryStore()
    fill(state, f"{C}/backups/etcd/events/")

    def other(url: str) -> ObjectStore:
        raise StoreDenied(f"{url}: no")

    main, events = stored.read_catalogues(state, C, definition(main="s3://other/x"), other)

    assert main.catalogue is None
    assert main.problem is not None
    assert events.catalogue is not None
    assert events.catalogue.newest is not None


def test_a_listing_that_was_made_already_is_not_made_again() -> None:
    state = MemoryStore()
    fill(state, f"{C}/backups/etcd/main/")
    listing = tuple(state.entries(f"{C}/"))

    main, _ = stored.read_catalogues(MemoryStore(name="1"), C, definition(), nowhere, listing)

    assert main.catalogue is not None
    assert main.catalogue.newest is not None
