"""Links and the like in a directory that is a state store or a snapshot store (fault 95)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from kled.errors import ClusterNotFound, DocumentDamaged, KledError, SnapshotNotTrustworthy
from kled.retry import Clock
from kled.snapshot.choosing import choose, walk_newest_first
from kled.snapshot.diff import views
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.snapshot.verify.contents import packed_archive
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, name, state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kled.storage.base import Stored

CLOCK = Clock(time.monotonic, time.sleep)
C, D = name(0), name(1)
SECRET = b"a file of another owner"


def fleet(root: Path, clusters: int = 2) -> LocalStore:
    memory = state(clusters, backups=1)
    for entry in memory.entries():
        place = root / entry.key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(memory.get(entry.key).body)
    return LocalStore(root, CLOCK)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "config").write_bytes(SECRET)
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def link(place: Path) -> None:
    place.symlink_to(place.parents[2] / "outside" / "config")


def link_to_a_directory(place: Path) -> None:
    place.symlink_to(place.parents[2] / "outside")


def fifo(place: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize("make", [link, link_to_a_directory, fifo])
def test_what_is_no_file_is_left_out_and_said_and_all_else_is_taken(  # fault 95
    make: Callable[[Path], None], root: Path
) -> None:
    store = fleet(root)
    make(root / C / "notes")
    runs = Runs(store, MemoryStore())

    for _ in range(2):  # the second run has nothing new, and says it again
        done = runs.run()
        odd, other = done.clusters
        assert [(one.error, one.level) for one in done.clusters] == [(None, 1), (None, 1)]
        (words,) = odd.left_out
        assert words.startswith("notes: it is a ")
        assert "neither followed nor opened" in words
        assert not other.left_out
        with pytest.raises(KledError, match=f"an object was not taken: {C}/notes"):
            done.require_whole()

    manifest = runs.snapshots.manifest(SnapshotRef(C, odd.snapshot or ""))
    assert "notes" not in {one.key for one in manifest.objects}
    assert [one.key for one in manifest.skipped if "neither followed" in one.reason] == ["notes"]
    assert all(SECRET not in runs.store.get(one.key).body for one in runs.store.entries())


@pytest.mark.parametrize(
    "key", ["config", "pki/private/kubernetes-ca/keyset.yaml", "pki", "instancegroup"]
)
def test_a_cluster_with_a_link_where_it_lives_is_not_green(key: str, root: Path) -> None:
    store = fleet(root)
    (root / C / key).rename(root.parent / "moved")
    (root / C / key).symlink_to(root.parent / "moved")
    runs = Runs(store, MemoryStore())

    done = runs.run()

    odd, other = done.clusters
    assert (odd.level, other.level) == (0, 1)
    assert odd.left_out[0].startswith(f"{key}: it is a symbolic link")
    assert done.orphans == ()
    with pytest.raises(KledError, match="not taken"):
        done.require_whole()


def test_a_cluster_that_is_a_link_itself_is_a_row_with_an_error(root: Path) -> None:  # fault 95
    store = fleet(root)
    (root / D).rename(root.parent / "moved")
    (root / D).symlink_to(root.parent / "moved")
    (root / "a-file-of-somebody").symlink_to(root.parent / "nowhere")
    runs = Runs(store, MemoryStore())

    done = runs.run()

    rows = {one.cluster: one for one in done.clusters}
    assert rows[C].error is None
    error = rows[D].error
    assert isinstance(error, DocumentDamaged)
    assert f"{root.as_uri()}/{D} is damaged: it is a symbolic link" in error.message
    (named,) = runs.run([D]).clusters
    assert "a symbolic link" in str(named.error)
    with pytest.raises((DocumentDamaged, ClusterNotFound), match="symbolic link"):
        views.view_live(store, D, b"key")


def test_a_file_with_another_name_is_taken_and_said(root: Path) -> None:
    store = fleet(root, 1)
    (root / C / "notes").hardlink_to(root.parent / "outside" / "config")
    runs = Runs(store, MemoryStore())

    for _ in range(2):
        done = runs.run().require_whole()
        (words,) = [one for one in done.warnings if "hard link" in one]
        assert words.startswith(f'cluster "{C}": notes has another name')

    target = LocalStore(root.parent / "target", CLOCK)
    (root.parent / "target").mkdir()
    manifest = runs.snapshots.manifest(choose(runs.snapshots, C, "latest"))
    apply_restore(plan_restore(runs.snapshots, manifest, target), runs.snapshots, target)
    assert (root.parent / "target" / C / "notes").stat().st_nlink == 1


@pytest.mark.parametrize("key", ["config", "pki", "pki/private", ""])
def test_a_restore_writes_neither_over_a_link_nor_through_one(key: str, root: Path) -> None:
    runs = Runs(fleet(root, 1), MemoryStore())
    runs.run().require()
    place = root.parent / "target" / C / key
    place.parent.mkdir(parents=True)
    (root.parent / "target" / C.replace("c000", "other")).mkdir()
    outside = root.parent / "outside"
    if key:
        place.symlink_to(outside / "config" if key == "config" else outside)
    else:
        (root.parent / "target" / C).symlink_to(outside)
    target = LocalStore(root.parent / "target", CLOCK)
    manifest = runs.snapshots.manifest(choose(runs.snapshots, C, "latest"))

    with pytest.raises(DocumentDamaged, match="a symbolic link"):
        apply_restore(plan_restore(runs.snapshots, manifest, target), runs.snapshots, target)

    assert [one.name for one in outside.iterdir()] == ["config"]
    assert (outside / "config").read_bytes() == SECRET
    assert not [one for one in target.entries() if one.unfit is None]  # nothing was written


def test_a_link_that_is_put_there_between_plan_and_restore_is_not_followed(root: Path) -> None:
    runs = Runs(fleet(root, 1), MemoryStore())
    runs.run().require()
    (root.parent / "target").mkdir()
    target = LocalStore(root.parent / "target", CLOCK)
    manifest = runs.snapshots.manifest(choose(runs.snapshots, C, "latest"))
    plan = plan_restore(runs.snapshots, manifest, target)
    (root.parent / "target" / C).mkdir()
    (root.parent / "target" / C / "pki").symlink_to(root.parent / "outside")

    with pytest.raises(DocumentDamaged, match=r"pki .*is damaged: it is a symbolic link"):
        apply_restore(plan, runs.snapshots, target)

    assert [one.name for one in (root.parent / "outside").iterdir()] == ["config"]


class Swapped(LocalStore):
    """A file becomes a link between the listing and the first reading of it."""

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        if key == f"{C}/secrets/admin" and not (self.root / key).is_symlink():
            (self.root / key).rename(self.root.parent / "moved")
            (self.root / key).symlink_to(self.root.parent / "moved")
        return super().get(key, tag=tag, version=version)

    def __init__(self, root: Path) -> None:
        super().__init__(root, CLOCK)
        self.root = root


def test_a_file_that_becomes_a_link_meanwhile_is_listed_again_and_left_out(root: Path) -> None:
    fleet(root)

    done = Runs(Swapped(root), MemoryStore()).run()

    odd, other = done.clusters
    assert (odd.error, other.error) == (None, None)
    assert odd.left_out == (
        "secrets/admin: it is a symbolic link, which is neither followed nor opened",
    )


@pytest.mark.parametrize("place", ["manifest.json", "state.tar.zst", "runs", "kled.json"])
def test_a_link_in_a_snapshot_store_is_damage_of_one_thing(place: str, root: Path) -> None:
    """What is behind it is not read; what is beside it still counts (fault 95)."""
    store = LocalStore(root, CLOCK)
    runs = Runs(state(2), store)
    runs.run().require()
    below = root / ("clusters" if place in {"manifest.json", "state.tar.zst"} else "")
    found = min(one for one in below.rglob("*") if one.is_file() and place in str(one))
    found.rename(root.parent / "moved")
    found.symlink_to(root.parent / "moved")

    judged = {one: next(iter(walk_newest_first(runs.snapshots, one, None))).trust for one in (C, D)}

    assert judged[D].trusted
    assert judged[C].trusted is (place in {"runs", "kled.json"})
    if place == "state.tar.zst":
        manifest = runs.snapshots.manifest(next(iter(runs.snapshots.list(C))))
        with pytest.raises(SnapshotNotTrustworthy, match="symbolic link"):
            packed_archive(runs.snapshots, manifest)


@pytest.mark.parametrize("make", [link, fifo])
@pytest.mark.parametrize("key", ["instancegroup/more", "secrets/more"])
def test_what_kops_reads_and_no_snapshot_can_hold_keeps_it_from_being_trusted(
    make: Callable[[Path], None], root: Path, key: str
) -> None:  # fault 95, another member: such a snapshot was trustworthy without the group
    store = fleet(root)
    make(root / C / key)

    bad, good = Runs(store, MemoryStore()).run().clusters

    assert (bad.level, good.level) == (0, 1)
    assert any(words.startswith(f"{key} cannot be copied") for words in bad.findings)
