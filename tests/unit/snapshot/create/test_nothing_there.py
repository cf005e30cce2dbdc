"""Nothing is never a success: so looks a store that is not mounted, or another one (design D20).

Members of fault 79: a first run over an empty state store was green, as was a prune or a mirror of
an empty snapshot store, and of a cluster whose name was misspelled.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import (
    ClusterNotFound,
    InvalidInput,
    KledError,
    SnapshotMissing,
    SnapshotNotTrustworthy,
)
from kled.operations.runner import run, run_to_end
from kled.operations.snapshots import back_up, list_snapshots, prune, verify, verify_rows
from kled.operations.snapshots.mirror import MirrorSnapshots
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.progress import Quiet
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.trust.ledger import read_ledger
from kled.storage.memory import MemoryStore
from tasks.running.snapshot_table import UNSEEN, events_of, events_of_verification
from tests.sites import Site
from tests.unit.snapshot.fleets import Runs, name, objects, state

if TYPE_CHECKING:
    from pathlib import Path

    from kled.operations.step import Operation
    from kled.storage.base import ObjectStore


def keys(store: ObjectStore) -> list[str]:
    return [entry.key for entry in store.entries()]


@pytest.mark.parametrize("left", [(), (".git/config", "notes.example.com/readme")])
def test_a_first_run_over_no_cluster_fails_and_writes_nothing_into_the_state_store(
    left: tuple[str, ...],
) -> None:
    empty = MemoryStore()
    for key in left:
        empty.put(key, b"x")

    done = Runs(empty, MemoryStore()).run()

    with pytest.raises(ClusterNotFound, match="holds no cluster") as raised:
        done.require_whole()
    assert raised.value.exit_code == 1
    assert "is it mounted, and is it the right one?" in str(raised.value.hint)
    assert (" only what holds no config" in raised.value.message) is bool(left)
    assert keys(empty) == sorted(left)
    assert done.as_json()["error"] == raised.value.message


def test_a_run_after_the_last_cluster_was_lost_names_it_in_each_run() -> None:
    living = state(1)
    runs = Runs(living, MemoryStore())
    runs.run().require_whole()
    for key in keys(living):
        living.delete(key)

    for _ in range(2):
        with pytest.raises(KledError, match=r"c000\.example\.com.*as are all the others"):
            runs.run().require_whole()


def test_named_clusters_are_asked_for_alone() -> None:
    done = Runs(MemoryStore(), MemoryStore()).run([name(1)])

    assert done.nothing is None
    with pytest.raises(ClusterNotFound, match="there is no cluster"):
        done.require_whole()


def test_a_name_that_is_known_nowhere_is_refused_and_never_asked_for() -> None:
    """A misspelled name stood in the run, and each check missed a snapshot of it from then on."""
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    before = keys(runs.store), keys(runs.state)

    done = runs.run([name(5)])

    with pytest.raises(ClusterNotFound, match="there is no cluster"):
        done.require_whole()
    assert (keys(runs.store), keys(runs.state)) == before
    assert not verify_rows.clusters_never_taken(read_ledger(runs.snapshots, runs.state))


def test_a_new_look_at_all_clusters_asks_no_more_for_what_was_never_a_cluster() -> None:
    living = state(1)
    living.put(f"{name(5)}/readme", b"x")
    runs = Runs(living, MemoryStore())
    runs.run().require_whole()
    runs.run([name(5)])  # something is there: it may be a cluster that lost its definition
    living.delete(f"{name(5)}/readme")
    runs.run().require_whole()
    assert [one for one, _ in verify_rows.clusters_never_taken(read_ledger(runs.snapshots))] == [
        name(5)
    ]

    anew = CreateOptions(by="kled test", reuse=False, settles=True)
    done = create(runs.state, runs.snapshots, None, options=anew, progress=Quiet())

    done.require_whole()
    assert f'cluster "{name(5)}" was never in a snapshot: it is not asked for any more' in (
        done.warnings
    )
    assert not verify_rows.clusters_never_taken(read_ledger(runs.snapshots))


def test_an_empty_source_is_not_mirrored_and_the_target_stays_empty() -> None:
    source, target = Runs(MemoryStore(), MemoryStore()), MemoryStore()

    with pytest.raises(SnapshotMissing, match="holds no snapshots") as raised:
        mirror(source.snapshots, target, Quiet())

    assert "is it mounted" in str(raised.value.hint)
    assert keys(target) == []


def test_a_mirror_of_a_cluster_without_snapshots_is_no_success() -> None:
    source = Runs(state(1), MemoryStore())
    source.run().require_whole()

    with pytest.raises(SnapshotMissing, match="no snapshot of cluster"):
        mirror(source.snapshots, MemoryStore(), Quiet(), cluster="c00.example.com")


class Stores(Site):
    """A site for the operations of flows."""

    def __init__(self, root: Path, clusters: int) -> None:
        super().__init__(root)
        for place in ("state", "snapshots", "second"):
            (root / place).mkdir()
        for number in range(clusters):
            self.put(name(number), objects(number))

    def run(self, operation: Operation) -> None:
        run(operation, self.session())

    def operations(self) -> tuple[Operation, ...]:
        """Everything that a schedule does with a snapshot store."""
        return (
            verify.VerifySnapshots(),
            prune.PruneSnapshots(),
            prune.PruneSnapshots(only=name(5)),
            MirrorSnapshots((self.root / "second").as_uri()),
            MirrorSnapshots((self.root / "second").as_uri(), only=name(5)),
        )


def test_no_operation_on_an_empty_snapshot_store_succeeds(tmp_path: Path) -> None:
    stores = Stores(tmp_path, 0)
    for begun in (False, True):  # without, and with what a first run leaves: `kled.json`
        for operation in stores.operations():
            with pytest.raises(SnapshotMissing):
                stores.run(operation)
        if not begun:
            with pytest.raises(ClusterNotFound):
                stores.run(back_up.BackUpState())
    assert (tmp_path / "snapshots" / "kled.json").exists()
    assert (
        list_snapshots.list_snapshots(stores.session().snapshot_store, None) == ()
    )  # a list is no promise


@pytest.mark.parametrize("typed", ["-x.example.com", "a..example.com", "c.example.com ", "ä", ""])
def test_what_can_be_no_name_is_refused_before_a_run_has_it(tmp_path: Path, typed: str) -> None:
    """The run could not be read again, and no change began from then on."""
    stores = Stores(tmp_path, 1)

    with pytest.raises(InvalidInput) as refused:
        stores.run(back_up.BackUpState((name(0), typed)))

    assert refused.value.exit_code == 2
    assert not list((tmp_path / "snapshots").iterdir())


def test_a_check_passes_where_the_store_has_a_warning_alone(tmp_path: Path) -> None:
    """The row of the store itself has no level to compare."""
    stores = Stores(tmp_path, 1)
    stores.run(back_up.BackUpState())
    ahead = Runs(stores.session().state_store, stores.session().snapshot_store.store)
    ahead.later = timedelta(days=3)
    ahead.run()
    ahead.later = timedelta()
    ahead.run()

    checked = run(verify.VerifySnapshots(), stores.session()).result

    assert [row["id"] for row in checked.rows if row["unproved"]] == [""]


def test_a_snapshot_store_that_is_not_mounted_is_refused_where_the_state_store_remembers(
    tmp_path: Path,
) -> None:
    stores = Stores(tmp_path, 1)
    stores.run(back_up.BackUpState())
    (tmp_path / "snapshots").rename(tmp_path / "mounted elsewhere")
    (tmp_path / "snapshots").mkdir()

    for operation in (back_up.BackUpState(), *stores.operations()):
        with pytest.raises((SnapshotMissing, SnapshotNotTrustworthy)):
            stores.run(operation)
    session = stores.session()
    found = list_snapshots.find_missing(
        session.snapshot_store, (), None, session.stores.remembering
    )
    lost, doubt = found.warnings
    assert lost.startswith(f'the newest snapshot of cluster "{name(0)}"')
    assert "the state store remembers run" in doubt
    assert "another store is mounted in its place" in doubt


def test_flows_tell_of_what_was_not_there(tmp_path: Path) -> None:
    stores, backup, check = (
        Stores(tmp_path, 0),
        back_up.BackUpState(),
        verify.VerifySnapshots(),
    )
    taken = run_to_end(backup, stores.session())
    seen = run_to_end(check, stores.session())

    assert taken.error is not None
    assert seen.error is not None
    ((event, about, words),) = events_of(backup, taken.result)
    assert (event, about) == ("kled.snapshot.failed", "all clusters")
    assert words.endswith("/state holds no cluster")
    assert events_of_verification(check, seen.result) == [
        ("kled.snapshot.failed", "all clusters", UNSEEN)
    ]
