"""Making snapshots: what is taken, what it costs, and what survives a failure."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kled.errors import (
    ClusterNotFound,
    KledError,
    SnapshotNotTrustworthy,
    StoreUnavailable,
)
from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents import last_seen
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.verify.verify import verify
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore, FailingStore, Watched
from tests.unit.snapshot.fleets import (
    BACKUP,
    Runs,
    each_failure,
    etcd_backup,
    expected,
    name,
    objects,
    restored,
    state,
)


def requests(*stores: CountingStore) -> dict[str, int]:
    """Count requests as a bill does: a listing costs one for each thousand entries."""
    found: dict[str, int] = {}
    for store in stores:
        for method, number in store.counts.items():
            kind = {"entry": "list", "get": "read", "read": "read", "chunk": ""}.get(
                method, "write"
            )
            if kind:
                found[kind] = found.get(kind, 0) + number
        store.counts.clear()
    return found


def test_a_snapshot_holds_all_but_live_control_state_and_older_backups() -> None:
    runs = Runs(state(3), MemoryStore())

    done = runs.run().require()

    assert [one.cluster for one in done.clusters] == [name(0), name(1), name(2)]
    for number in range(3):
        assert restored(runs.snapshots, name(number)) == expected(number)
    assert {one.level for one in done.clusters} == {1}


def test_where_nothing_is_new_nothing_is_written_but_the_run() -> None:
    source, target = CountingStore(state(20)), CountingStore(MemoryStore())
    runs = Runs(source, target)
    first = runs.run().require()
    requests(source, target)

    second = runs.run().require()

    assert all(one.reused for one in second.clusters)
    assert [one.snapshot for one in second.clusters] == [one.snapshot for one in first.clusters]
    cost = requests(target)
    assert (cost["write"], cost["read"]) == (1, 3)
    remembering = requests(source)
    assert (remembering["read"], remembering["write"]) == (1, 1)


def test_a_first_run_reads_each_object_once_and_writes_two_per_cluster_and_each_backup() -> None:
    source, target = CountingStore(state(30)), CountingStore(MemoryStore())

    Runs(source, target).run().require()

    assert requests(source)["read"] == 30 * len(expected(0)) + 1  # what it remembers
    assert requests(target)["write"] <= 30 * 2 + 30 * 2 + 2


def test_a_changed_cluster_costs_two_writes_and_a_new_backup_one_for_each_file() -> None:
    store = state(20)
    source, target = CountingStore(store), CountingStore(MemoryStore())
    runs = Runs(source, target)
    runs.run().require()
    store.put(f"{name(3)}/addons/a.addons.k8s.io/v1.yaml", b"changed")
    place = f"{name(7)}/backups/etcd/main/2026-11-25T00:00:00Z-000076"
    store.put(f"{place}/_etcd_backup.meta", b"{}")
    store.put(f"{place}/etcd.backup.gz", etcd_backup("newest"))
    requests(source, target)

    done = runs.run().require()

    assert [one.cluster for one in done.clusters if not one.reused] == [name(3), name(7)]
    assert requests(target)["write"] <= 2 + (1 + 2) + 1
    newest = restored(runs.snapshots, name(7))
    assert newest["backups/etcd/main/2026-11-25T00:00:00Z-000076/etcd.backup.gz"] == etcd_backup(
        "newest"
    )
    manifest = runs.snapshots.manifest(choose(runs.snapshots, name(7), "latest"))
    assert manifest.archive_of != manifest.id


def test_a_half_written_etcd_backup_is_not_taken() -> None:
    store = state(1)
    store.put(f"{name(0)}/backups/etcd/main/2026-11-25T00:00:00Z-000076/etcd.backup.gz", b"half")
    runs = Runs(store, MemoryStore())

    runs.run().require()

    assert restored(runs.snapshots, name(0)) == expected(0)


def test_an_absent_cluster_fails_alone() -> None:
    runs = Runs(state(2), MemoryStore())

    done = runs.run([name(0), "absent.example.com"])

    assert isinstance(done.clusters[0].error, ClusterNotFound)
    assert done.clusters[1].error is None
    with pytest.raises(ClusterNotFound, match="absent"):
        done.require()


def test_a_directory_without_what_only_a_cluster_has_is_named_and_left_out() -> None:
    store = state(1)
    store.put("orphan.example.com/notes", b"x")
    store.put(f"deleted.example.com/{BACKUP}/etcd.backup.gz", b"etcd-manager writes to the end")

    assert Runs(store, MemoryStore()).run().orphans == ("deleted.example.com", "orphan.example.com")


def test_new_recipients_make_everything_anew_and_only_they_can_open_it(tmp_path: object) -> None:
    identity = pyrage.x25519.Identity.generate()
    runs = Runs(state(2), MemoryStore())
    runs.run().require()

    sealed = Runs(runs.state, runs.store, Keys((str(identity.to_public()),)), at=60)
    done = sealed.run().require()

    assert not any(one.reused for one in done.clusters)
    manifest = sealed.snapshots.manifest(choose(sealed.snapshots, name(0), "latest"))
    assert all(payload.encrypted for payload in manifest.payloads)
    assert all(one.reused for one in sealed.run().clusters)


def test_a_lost_snapshot_is_noticed_and_made_again() -> None:
    runs = Runs(state(1), MemoryStore())
    lost = runs.run().require().clusters[0].snapshot
    runs.store.delete(f"clusters/{name(0)}/{lost}/manifest.json")

    again = runs.run()

    assert again.clusters[0].snapshot != lost
    assert any(str(lost) in words for words in again.findings)
    assert restored(runs.snapshots, name(0)) == expected(0)


def damaged(store: ObjectStore, key: str, how: str) -> None:
    if how == "deleted":
        store.delete(key)
    else:
        body = bytearray(store.get(key).body)
        body[len(body) // 2] ^= 1
        store.put(key, bytes(body))


@pytest.mark.parametrize("how", ["deleted", "flipped"])
@pytest.mark.parametrize("what", ["archive", "blob"])
def test_a_damaged_snapshot_is_not_taken_for_one_of_a_cluster_that_is_about_to_change(
    what: str, how: str
) -> None:
    runs = Runs(state(1), MemoryStore())
    first = runs.run([name(0)]).require().clusters[0].snapshot
    manifest = runs.snapshots.manifest(SnapshotRef(name(0), str(first)))
    payload = manifest.archive if what == "archive" else manifest.blobs[0]
    damaged(runs.store, payload.key, how)

    again = runs.run([name(0)])

    assert not again.clusters[0].reused
    assert any(payload.key in words for words in (*again.warnings, *again.findings))
    if (what, how) == ("blob", "flipped"):  # its name is taken: somebody has to look at it
        assert isinstance(again.clusters[0].error, SnapshotNotTrustworthy)
    else:
        assert restored(runs.snapshots, name(0)) == expected(0)


def test_a_damaged_archive_is_not_handed_on_where_only_etcd_s_backups_are_new() -> None:
    runs = Runs(state(1), MemoryStore())
    first = runs.run().require().clusters[0].snapshot
    manifest = runs.snapshots.manifest(SnapshotRef(name(0), str(first)))
    damaged(runs.store, manifest.archive.key, "flipped")
    place = f"{name(0)}/backups/etcd/main/2026-11-25T00:00:00Z-000076"
    for file in ("_etcd_backup.meta", "etcd.backup.gz"):
        runs.state.put(f"{place}/{file}", b"newest")

    again = runs.run().require()

    assert any("needs no earlier one" in words for words in again.warnings)
    latest = runs.snapshots.manifest(choose(runs.snapshots, name(0), "latest"))
    assert latest.archive_of == latest.id
    assert restored(runs.snapshots, name(0))["config"] == expected(0)["config"]


def test_the_newest_that_is_left_is_not_taken_for_the_newest() -> None:
    runs = Runs(state(1), MemoryStore())
    older = runs.run().require().clusters[0].snapshot
    runs.state.put(f"{name(0)}/addons/a.addons.k8s.io/v1.yaml", b"changed")
    newest = runs.run().require().clusters[0].snapshot
    runs.store.delete(f"clusters/{name(0)}/{newest}/manifest.json")

    with pytest.raises(SnapshotNotTrustworthy, match=str(newest)) as raised:  # fault 101
        choose(runs.snapshots, name(0), "latest")

    assert str(older) in str(raised.value.hint)
    assert choose(runs.snapshots, name(0), str(older)).id == older


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_failure_at_any_call_leaves_only_snapshots_that_verify(*, after: bool) -> None:
    """…loses no older one, and a run afterwards finishes."""

    def attempt(number: int) -> int:
        store, kept = state(2), MemoryStore()
        Runs(store, kept).run().require()
        store.put(f"{name(1)}/addons/a.addons.k8s.io/v1.yaml", b"changed")
        failing = FailingStore(kept, at=number, after=after)
        runs = Runs(store, failing, at=3600)
        try:
            runs.run().require()
        except StoreUnavailable:
            assert failing.failed
        check_all(Runs(store, kept), at_least=2)
        assert all(one.error is None for one in Runs(store, kept, at=7200).run().clusters)
        changed = expected(1) | {"addons/a.addons.k8s.io/v1.yaml": b"changed"}
        assert restored(Runs(store, kept).snapshots, name(1)) == changed
        return failing.calls

    assert each_failure(attempt) > 5


def test_a_failure_at_any_reading_of_the_state_store_is_that_cluster_s_alone() -> None:
    def attempt(number: int) -> int:
        failing, kept = FailingStore(state(2), at=number), MemoryStore()
        try:
            done = Runs(failing, kept).run()
        except StoreUnavailable:
            done = None  # the listing itself
        if done is not None and failing.failed and last_seen.PREFIX not in failing.failed:
            assert sum(one.error is not None for one in done.clusters) == 1
        check_all(Runs(failing.inner, kept), at_least=0)
        return failing.calls

    assert each_failure(attempt) > 20


def check_all(runs: Runs, *, at_least: int) -> None:
    """Every snapshot that is listed verifies."""
    refs = list(runs.snapshots.list())
    assert len(refs) >= at_least
    for ref in refs:
        report = verify(runs.snapshots, ref, level=1, by="test", record=False)
        assert report.trustworthy, report.findings


PAIR = ("addons/b/first", "addons/z/second")


class Restless(Watched):
    """A state store that somebody changes while it is read: a pair, one object after the other.

    `seen` holds every state that the pair was ever in.
    """

    def __init__(self, inner: MemoryStore, chance: random.Random, changes: int) -> None:
        super().__init__(inner)
        self._chance = chance
        self._left = changes
        self._writes = 0
        self.pair = [b"0", b"0"]
        self.seen = {(b"0", b"0")}
        for key in PAIR:
            inner.put(f"{name(0)}/{key}", b"0")

    def _meet(self, method: str, key: str, call: Callable[[], Any]) -> Any:
        if self._left and self._chance.random() < 0.3:
            self._left -= 1
            self._write()
        return call()

    def _write(self) -> None:
        number, at = divmod(self._writes, 2)
        self._writes += 1
        self.pair[at] = str(number + 1).encode()
        self.inner.put(f"{name(0)}/{PAIR[at]}", self.pair[at])
        self.seen.add((self.pair[0], self.pair[1]))


@given(st.integers(0, 2**32), st.integers(0, 40))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_snapshot_that_mixes_two_states_says_so(seed: int, changes: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for keys
    writer = Restless(state(1), chance, changes)
    runs = Runs(writer, MemoryStore())

    result = runs.run([name(0)] if seed % 2 else None).clusters[0]

    if isinstance(result.error, KledError) or result.fuzzy:
        return
    found = restored(runs.snapshots, name(0))
    assert (found[PAIR[0]], found[PAIR[1]]) in writer.seen


@pytest.mark.parametrize(("wanted", "taken"), [(0, 0), (2, 2), (None, 3)])
def test_as_many_etcd_backups_are_taken_as_asked_for(wanted: int | None, taken: int) -> None:
    runs = Runs(state(1, backups=3), MemoryStore())
    options = CreateOptions("test", etcd_backups=wanted)

    create(runs.state, runs.snapshots, None, options=options, progress=Quiet()).require()

    manifest = runs.snapshots.manifest(choose(runs.snapshots, name(0), "latest"))
    assert len(manifest.etcd_backups["main"]) == taken
    assert sum(one.kind == "etcd-backup" for one in manifest.objects) == 2 * taken


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_large_objects_are_streamed_one_by_one_and_come_back(
    tmp_path: Path, *, sealed: bool
) -> None:
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity"
    file.touch(mode=0o600)
    file.write_text(str(identity))
    store, wanted = state(1), expected(0)
    for etcd in ("cilium", "events"):
        place = f"backups/etcd/{etcd}/2026-11-24T23:00:00Z-000001"
        wanted[f"{place}/etcd.backup.gz"] = random.Random(etcd).randbytes(5 << 20)  # noqa: S311
        wanted[f"{place}/_etcd_backup.meta"] = etcd.encode()
    wanted["addons/huge/v1.yaml"] = b"a: b\n" * (1 << 20)
    for key, body in wanted.items():
        store.put(f"{name(0)}/{key}", body)
    keys = Keys((str(identity.to_public()),), file) if sealed else Keys()
    runs = Runs(store, MemoryStore(), keys)

    runs.run().require()

    manifest = runs.snapshots.manifest(choose(runs.snapshots, name(0), "latest"))
    assert sum(blob.size > 4 << 20 for blob in manifest.blobs) == 3
    assert all(blob.encrypted is sealed for blob in manifest.blobs)
    assert restored(runs.snapshots, name(0)) == wanted


def test_a_cluster_that_is_gone_is_named_once_with_the_way_back() -> None:
    runs = Runs(state(2), MemoryStore())
    taken = runs.run().require().clusters[1].snapshot
    for key in objects(1):
        runs.state.delete(f"{name(1)}/{key}")

    first, second = runs.run(), runs.run()

    (words,) = (one for one in first.warnings if name(1) in one)
    assert f"kled snapshot restore --name={name(1)} --snapshot={taken}" in words
    assert not [one for one in second.warnings if name(1) in one]
