"""One odd object is its cluster's remark, and no other cluster's (faults 9, 73, 80, 98)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kled.errors import InvalidInput, KledError, StoreDenied
from kled.snapshot.diff import views
from kled.snapshot.repository import SnapshotRef
from kled.storage.base import Stored, checked, oddity
from kled.storage.memory import MemoryStore
from kled.visible import visible
from tests.unit.snapshot.fleets import Runs, group, name, objects, state
from tests.unit.snapshot.odd_keys import ODD, C, littered


@pytest.mark.parametrize("key", ODD)
def test_an_odd_key_is_left_out_and_all_else_is_taken(key: str) -> None:  # faults 9, 80
    runs = Runs(cast("Any", littered(3, key)), MemoryStore())

    done = runs.run()

    assert [(one.cluster, one.error, one.level) for one in done.clusters] == [
        (name(number), None, 1) for number in range(3)
    ]
    odd, *others = done.clusters
    (words,) = odd.left_out
    assert words == f"{visible(key.removeprefix(f'{C}/'))}: its key has {ODD[key]}"
    assert words.isprintable()
    assert not any(one.left_out for one in others)
    with pytest.raises(KledError, match="an object was not taken") as raised:
        done.require_whole()
    assert "move it out" in str(raised.value.hint)
    done.require()  # a change of the cluster goes on


def test_it_is_said_again_in_each_run_and_stands_in_the_manifest() -> None:  # fault 9
    runs = Runs(cast("Any", littered(1, *ODD)), MemoryStore())

    first, again = runs.run().clusters[0], runs.run().clusters[0]

    assert again.reused
    assert len(first.left_out) == len(again.left_out) == len(ODD)
    manifest = runs.snapshots.manifest(SnapshotRef(C, first.snapshot or ""))
    assert sum(one.reason.startswith("its key has") for one in manifest.skipped) == len(ODD)
    assert not {one.key for one in manifest.objects} & {key.removeprefix(f"{C}/") for key in ODD}


@pytest.mark.parametrize("clusters", [1, 40])
def test_a_listing_along_which_many_are_read_has_them_too(clusters: int) -> None:
    done = Runs(cast("Any", littered(clusters, *ODD)), MemoryStore()).run()

    assert [one.error for one in done.clusters] == [None] * clusters
    assert len(done.clusters[0].left_out) == len(ODD)


def test_markers_of_directories_are_no_objects() -> None:  # fault 9
    store = state(1)
    for key in ("instancegroup", "pki/private", "notes/x", "notes"):
        store.put(f"{C}/{key}", b"")

    (done,) = Runs(store, MemoryStore()).run().require_whole().clusters

    assert (done.level, done.left_out, done.findings) == (1, (), ())
    assert done.objects == Runs(state(1), MemoryStore()).run().clusters[0].objects + 1  # notes/x


def test_long_keys_are_taken() -> None:  # fault 9
    store = state(1)
    store.put(f"{C}/notes/{'x' * 300}/{'y' * 600}", b"long")

    (done,) = Runs(store, MemoryStore()).run().require_whole().clusters

    assert done.level == 1
    assert done.left_out == ()


@pytest.mark.parametrize("place", [".git", "..", "a\nb", "", "-x", "a" * 300, "\udcff", "a..b"])
def test_a_directory_that_can_be_no_cluster_is_none(place: str) -> None:  # fault 73
    runs = Runs(cast("Any", littered(2, f"{place}/config", f"{place}/HEAD")), MemoryStore())

    done = runs.run().require_whole()

    assert [one.cluster for one in done.clusters] == [name(0), name(1)]
    assert done.orphans == (visible(place),)


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("config", b"garbage: ["),
        ("config", b"a: !!bool xyz\n"),
        ("config", b"[" * 100_000),
        ("config", b"\xff\xfe\x00"),
        ("config", b"a: &a [x]\n" + b"b: [*a, *a]\n" * 2),
        ("instancegroup/nodes", b"? " * 100_000),
        ("pki/private/kubernetes-ca/keyset.yaml", b"{a: " * 100_000),
        ("secrets/admin", b'{"Data":' * 100_000),
        ("kops-version.txt", b"\xff" * 5000),
    ],
)
def test_what_cannot_be_read_is_copied_with_a_finding(key: str, body: bytes) -> None:  # fault 80
    store = state(3)
    store.put(f"{name(1)}/{key}", body)
    runs = Runs(store, MemoryStore())

    done = runs.run().require()

    good, bad, other = done.clusters
    assert (good.findings, other.findings) == ((), ())
    assert bad.level == (1 if key == "kops-version.txt" else 0)
    assert bad.findings
    assert bool(bad.reasons) is (bad.level == 0)
    assert bad.objects == other.objects
    assert views.view_live(store, name(1), b"key") is not None  # diff reads it, too


def test_a_definition_of_another_cluster_is_a_finding() -> None:  # fault 98
    store = state(2)
    store.put(f"{name(1)}/config", objects(0)["config"])
    store.put(f"{name(0)}/instancegroup/nodes", group("").replace(b"name: nodes", b"name: agents"))

    first, second = Runs(store, MemoryStore()).run().clusters

    assert first.findings == ('instancegroup/nodes names "agents" in metadata.name',)
    assert second.findings == (f'config names "{name(0)}" in metadata.name',)
    assert (first.level, second.level) == (0, 0)


def test_files_below_a_group_are_no_groups() -> None:  # a member of 73
    store = state(1)
    store.put(f"{C}/instancegroup/.git/config", b"[core]")

    (done,) = Runs(store, MemoryStore()).run().clusters

    assert (done.findings, done.level) == ((), 1)


class Failing(MemoryStore):
    """Fails with `error` where one cluster is read."""

    def __init__(self, cluster: str, error: Exception) -> None:
        super().__init__()
        self._place = f"{cluster}/"
        self._error = error
        self.fails = False

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        if self.fails and key.startswith(self._place):
            raise self._error
        return super().get(key, tag=tag, version=version)


@pytest.mark.parametrize("clusters", [3, 60])  # each listed by itself; along one listing
@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), RecursionError(), MemoryError(), StoreDenied("no")]
)
def test_whatever_one_cluster_raises_the_others_are_snapshotted(
    clusters: int, error: Exception
) -> None:  # fault 80
    store = Failing(name(1), error)
    for key, body in _bodies(state(clusters)):
        store.put(key, body)
    store.fails = True

    done = Runs(store, MemoryStore()).run()

    failed = [one for one in done.clusters if one.error is not None]
    assert [one.cluster for one in failed] == [name(1)]
    assert len([one for one in done.clusters if one.snapshot]) == clusters - 1


def test_of_a_hundred_clusters_ten_are_bad_in_ten_ways() -> None:
    """Ninety snapshots are whole, and each bad one has a row that says why."""
    store = state(100)
    bad = {
        "config": (
            b"a: [",
            b"[" * 100_000,
            b"a: !!bool xyz",
            b"\xff\x00",
            b"",
            b"kind: Cluster\n" * 2,
        ),
        "instancegroup/nodes": (b"- x", b"kind: Cluster\n"),
        "pki/private/kubernetes-ca/keyset.yaml": (b"{a: " * 100_000,),
        "secrets/admin": (b"no secret",),
    }
    damage = [(key, body) for key, bodies in bad.items() for body in bodies]
    for number, (key, body) in enumerate(damage):
        store.put(f"{name(number * 10)}/{key}", body)

    done = Runs(store, MemoryStore()).run().require()

    assert len(damage) == 10
    levels = {one.cluster: one.level for one in done.clusters}
    assert list(levels.values()).count(1) == 90
    for number, (key, _) in enumerate(damage):
        row = done.clusters[number * 10]
        assert (row.level, row.findings[0].startswith(key)) == (0, True), row.findings


def _bodies(store: MemoryStore) -> list[tuple[str, bytes]]:
    return [(one.key, store.get(one.key).body) for one in store.entries()]


@pytest.mark.parametrize("key", ["", "a//b", "/a", "a/", ".", "a/..", "\x00", "\ud800"])
def test_odd_keys_are_neither_read_nor_written(key: str) -> None:
    assert oddity(key)
    with pytest.raises(InvalidInput) as raised:
        checked(key)
    assert raised.value.message.isprintable()


@pytest.mark.parametrize("key", ["a", "a.b/c", "..a/b..", "...", "é/日本", "a b", "x" * 900])
def test_other_keys_are(key: str) -> None:
    assert oddity(key) is None
    assert checked(key) == key
