"""What a state store remembers of its snapshots goes forward only, until a person settles a loss.

Whoever empties a snapshot store, sets it back, or mounts another one in its place is told of in
every run, whatever was written there since: no snapshot stands in for one that is lost.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kled.errors import KledError, SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions, RunResult
from kled.snapshot.documents import last_seen, names
from kled.snapshot.documents.last_seen import LastSeen
from kled.snapshot.progress import Quiet
from kled.snapshot.trust.ledger import read_ledger
from kled.storage.base import Entry
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.attacks import ADDON, copied
from tests.unit.snapshot.fleets import Runs, name, state

BEFORE_CHANGE = CreateOptions(by="test", before_change=True)
SETTLES = CreateOptions(by="test", reuse=False, settles=True)


@pytest.fixture
def runs() -> Runs:
    return Runs(state(3), MemoryStore())


def change(runs: Runs, body: bytes, number: int = 0) -> None:
    runs.state.put(f"{name(number)}/{ADDON}", body)


def run(runs: Runs, options: CreateOptions, *clusters: str) -> RunResult:
    chosen = clusters or None
    return create(runs.state, runs.snapshots, chosen, options=options, progress=Quiet())


def remembered(runs: Runs) -> LastSeen:
    found = last_seen.read(runs.state, runs.snapshots)
    assert found is not None
    return found[0]


def put_back(runs: Runs, before: dict[str, bytes]) -> None:
    for key in keys(runs.store):
        runs.store.delete(key)
    for key, body in before.items():
        runs.store.put(key, body)


def taken_back(runs: Runs) -> LastSeen:
    """Set the store back to the first run, and return what is remembered of the second."""
    runs.run().require_whole()
    before = copied(runs.store)
    change(runs, b"newer")
    runs.run().require_whole()
    put_back(runs, before)
    return remembered(runs)


def test_a_store_that_was_taken_back_is_told_of_in_each_run_and_by_each_reader(runs: Runs) -> None:
    seen = taken_back(runs)

    for number in range(3):  # the second has the number of the run that is gone, the third passes
        change(runs, b"change %d" % number)
        with pytest.raises(SnapshotNotTrustworthy, match="took the snapshot store back"):
            run(runs, CreateOptions(by="test"), name(1)).require_whole()
        with pytest.raises(SnapshotNotTrustworthy, match="took the snapshot store back"):
            runs.run().require_whole()
        assert remembered(runs) == seen
        assert any(seen.run in words for words in read_ledger(runs.snapshots, runs.state).doubts)
        with pytest.raises(SnapshotNotTrustworthy):
            choose(runs.snapshots, name(0), "latest", state=runs.state)


def test_no_change_begins_where_the_store_was_taken_back_and_nothing_is_written(
    runs: Runs,
) -> None:
    taken_back(runs)
    change(runs, b"newest")
    before = keys(runs.store)

    with pytest.raises(SnapshotNotTrustworthy, match="no change begins") as raised:
        run(runs, BEFORE_CHANGE, name(0))

    assert raised.value.exit_code == 4
    assert "kled snapshot create --all --anew" in str(raised.value.hint)
    assert keys(runs.store) == before


@pytest.mark.parametrize("others", [0, 5])
def test_no_change_begins_where_the_newest_snapshot_was_exchanged(others: int) -> None:
    """It was said beside the step that it was done in, and the cluster was changed."""
    runs = Runs(state(1 + others), MemoryStore())
    runs.run().require_whole()
    change(runs, b"newer")
    runs.run().require_whole()
    older, newer = sorted(key for key in keys(runs.store) if is_manifest(key, name(0)))
    swapped = runs.store.get(older).body, runs.store.get(newer).body
    runs.store.put(newer, swapped[0])
    runs.store.put(older, swapped[1])
    before = keys(runs.store)

    with pytest.raises(SnapshotNotTrustworthy, match="no change begins"):
        run(runs, BEFORE_CHANGE, name(0))

    assert keys(runs.store) == before


def is_manifest(key: str, cluster: str) -> bool:
    return key.startswith(names.cluster_prefix(cluster)) and key.endswith("manifest.json")


def test_a_person_settles_what_is_lost_and_nobody_else(runs: Runs) -> None:
    taken_back(runs)
    for options in (CreateOptions(by="test"), CreateOptions(by="test", reuse=False)):
        assert run(runs, options).findings
    assert run(runs, SETTLES, name(0)).findings  # of one cluster alone settles that one

    run(runs, SETTLES)

    runs.run().require_whole()
    assert run(runs, BEFORE_CHANGE, name(0)).findings == ()
    assert choose(runs.snapshots, name(0), "latest", state=runs.state).cluster == name(0)


@pytest.mark.parametrize("left", [(), ("kled.json",), (f"clusters/{name(0)}/epoch.json",)])
def test_an_emptied_store_is_begun_by_nobody_anew(runs: Runs, left: tuple[str, ...]) -> None:
    runs.run().require_whole()
    seen = remembered(runs)
    put_back(runs, {key: body for key, body in copied(runs.store).items() if key in left})

    for options in (CreateOptions(by="test"), CreateOptions(by="test", reuse=False), BEFORE_CHANGE):
        for clusters in ((), (name(0),)):
            with pytest.raises(SnapshotMissing, match=f"is empty, and run {seen.run}"):
                run(runs, options, *clusters)
    assert set(keys(runs.store)) <= set(left)
    assert remembered(runs) == seen

    run(runs, SETTLES)
    runs.run().require_whole()


def test_a_snapshot_that_is_gone_stays_remembered_though_a_newer_one_was_taken(runs: Runs) -> None:
    runs.run().require_whole()
    seen = remembered(runs)
    lost = seen.clusters[name(0)]
    for key in keys(runs.store, f"clusters/{name(0)}/"):
        runs.store.delete(key)

    with pytest.raises(SnapshotNotTrustworthy, match=lost):
        run(runs, BEFORE_CHANGE, name(0))
    run(runs, BEFORE_CHANGE, name(1)).require()  # one bad thing stops one thing
    for clusters in ((name(0),), ()):
        with pytest.raises(SnapshotNotTrustworthy, match=lost):
            run(runs, CreateOptions(by="test"), *clusters).require_whole()
    assert remembered(runs).clusters[name(0)] == lost
    assert remembered(runs).run > seen.run

    run(runs, SETTLES, name(0))
    runs.run().require_whole()


def test_an_empty_listing_of_all_snapshots_is_no_success_and_nothing_is_taken_for_lost() -> None:
    """As through a proxy that answers a listing with none, and each GET with the object."""

    class Hiding(MemoryStore):
        hides = False

        def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
            if self.hides and prefix.startswith("clusters/"):
                return iter(())
            return super().entries(prefix, start_after=start_after)

    store = Hiding()
    runs = Runs(state(3), store)
    first = runs.run().require_whole()
    store.hides = True

    done = runs.run()

    with pytest.raises(KledError, match="is not listed in") as raised:
        done.require_whole()
    assert raised.value.exit_code == 4
    assert len(done.findings) == 3
    assert [one.snapshot for one in done.clusters] == [one.snapshot for one in first.clusters]


def test_runs_of_two_machines_at_once_are_no_loss(runs: Runs) -> None:
    """The listing of runs is older than what is remembered: another one ended in between."""
    runs.run().require_whole()
    first = [key for key in keys(runs.store) if key.startswith("runs/")]

    class Late(MemoryStore):
        """Lists the second run from the second listing on."""

        lists = 0

        def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
            found = super().entries(prefix, start_after=start_after)
            if prefix == "runs/":
                self.lists += 1
                if self.lists == 1:
                    return (one for one in found if one.key in first)
            return found

    runs.run().require_whole()
    late = Late()
    for key, body in copied(runs.store).items():
        late.put(key, body)
    there = Runs(runs.state, late, at=100)
    last_seen.write(there.state, there.snapshots, read_ledger(runs.snapshots).newest)  # type: ignore[arg-type]

    assert read_ledger(there.snapshots, there.state).doubts == ()


def test_the_run_that_is_remembered_may_be_old_while_other_state_stores_went_on() -> None:
    store = MemoryStore()
    seldom, often = Runs(state(1), store), Runs(state(2), store, at=60)
    seldom.run().require_whole()
    for days in (40, 95):
        often.later = seldom.later = timedelta(days=days)
        change(often, b"%d" % days)
        often.run().require_whole()

        assert read_ledger(seldom.snapshots, seldom.state).doubts == ()
