"""What a run asks for at once: each thing that it waits for by itself is a round trip more."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from kled import config
from kled.errors import StoreUnavailable
from kled.operations.snapshots.verify import verify_snapshots
from kled.snapshot.choosing import make_choice
from kled.snapshot.create import listing
from kled.snapshot.create.create import create
from kled.snapshot.create.first_look import FirstLook
from kled.snapshot.create.halfway import Never
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents import last_seen, names
from kled.snapshot.progress import Quiet
from kled.snapshot.restore.restore_plan import plan_restore
from kled.snapshot.verify.verify import verify
from kled.storage.base import Entry, ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import BilledStore, CountingStore, FailingStore, Watched, keys
from tests.unit.snapshot.fleets import Runs, name, state

T = TypeVar("T")
OPTIONS = CreateOptions(by="test")
ADDON = f"{name(0)}/addons/a.addons.k8s.io/v1.yaml"
WAITS = 20
"""Seconds after which what is asked for one after the other is an error."""


class Meeting(Watched):
    """Lets those calls go on that `meets` names once all of them are under way."""

    def __init__(self, inner: ObjectStore, barrier: threading.Barrier) -> None:
        super().__init__(inner)
        self.barrier = barrier
        self.meets: tuple[tuple[str, str], ...] = ()
        self._met: set[tuple[str, str]] = set()

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        place = next(
            (one for one in self.meets if one[0] == method and key.startswith(one[1])), None
        )
        if place is not None and place not in self._met:
            self._met.add(place)
            self.barrier.wait(WAITS)
        return call()


def together(
    runs: Runs,
    of_state: tuple[tuple[str, str], ...],
    of_snapshots: tuple[tuple[str, str], ...],
    clusters: Sequence[str] | None = None,
) -> None:
    """Run where none of these is answered before all of them were asked for."""
    barrier = threading.Barrier(len(of_state) + len(of_snapshots))
    runs.state = source = Meeting(runs.state, barrier)
    runs.store = kept = Meeting(runs.store, barrier)
    source.meets, kept.meets = of_state, of_snapshots
    runs.run(clusters).require_whole()
    assert not barrier.broken


def taken(clusters: int = 3) -> Runs:
    runs = Runs(state(clusters), MemoryStore())
    runs.run().require_whole()
    return runs


def test_the_state_store_is_listed_while_the_snapshot_store_is_looked_at() -> None:
    together(
        taken(),
        (("entry", ""),),
        (("entry", names.CLUSTERS), ("entry", "failed/"), ("read", names.CLUSTERS)),
    )


def test_a_run_is_remembered_while_the_date_of_its_document_is_looked_at() -> None:
    together(taken(), (("replace", last_seen.PREFIX),), (("entry", f"{names.RUNS}2"),))


class Looking:
    """Looks for open restores together with others, and notes what was listed until it had."""

    def __init__(self, barrier: threading.Barrier, until: Callable[[], bool]) -> None:
        self._barrier, self._until = barrier, until
        self.listed = False

    def look(self) -> None:
        self._barrier.wait(WAITS)
        time.sleep(0.2)  # what waits for nobody begins in the meantime
        self.listed = self._until()

    def __call__(self, _cluster: str, /) -> str:
        return ""


def test_open_restores_are_looked_for_beside_the_runs_and_before_the_listing() -> None:
    runs = taken()
    runs.state = source = CountingStore(runs.state)
    runs.store = kept = Meeting(runs.store, threading.Barrier(2))
    kept.meets = (("entry", names.RUNS),)
    looking = Looking(kept.barrier, lambda: source.counts["entry"] > 0)
    options = CreateOptions(by="test", halfway=looking)

    create(runs.state, runs.snapshots, None, options=options, progress=Quiet()).require_whole()

    assert not kept.barrier.broken
    assert not looking.listed


def test_a_first_look_goes_on_by_itself_until_its_ledger_is_wanted() -> None:
    runs = taken()
    source, kept = BilledStore(runs.state), Meeting(runs.store, threading.Barrier(2))
    kept.meets = (("read", names.ROOT),)
    runs.store = kept

    first = FirstLook(source, lambda: runs.snapshots, Never())
    kept.barrier.wait(WAITS)  # it asks, and nobody has waited for it
    done = create(source, runs.snapshots, None, options=OPTIONS, progress=Quiet(), first=first)

    done.require_whole()
    assert source.bill()["GET"] == 1, "what the state store remembers, once"


def test_what_a_first_look_meets_is_raised_where_its_ledger_is_wanted() -> None:
    kept = FailingStore(MemoryStore(), at=1, for_good=True)
    runs = Runs(state(1), kept)

    first = FirstLook(runs.state, lambda: runs.snapshots, Never())

    with pytest.raises(StoreUnavailable):
        first.ledger()


class Asked(Never):
    """Is asked for open restores while something else is under way."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self._barrier = barrier

    def __call__(self, _cluster: str, /) -> str:
        self._barrier.wait(WAITS)
        return ""


def test_open_restores_are_asked_for_while_the_archive_is_written() -> None:
    runs = taken(1)
    runs.store = kept = Meeting(runs.store, threading.Barrier(2))
    kept.meets = (("put_if_absent", f"{names.CLUSTERS}{name(0)}/"),)
    options = CreateOptions(by="test", halfway=Asked(kept.barrier))
    runs.state.put(ADDON, b"changed")

    create(runs.state, runs.snapshots, None, options=options, progress=Quiet()).require_whole()

    assert not kept.barrier.broken


def test_a_changed_cluster_is_read_while_all_that_it_refers_to_is_read_back() -> None:
    runs = taken(1)
    runs.state.put(ADDON, b"changed")
    blobs = keys(runs.store, "blobs/")
    assert len(blobs) == 2

    together(runs, (("get", ADDON),), tuple(("read", key) for key in blobs), [name(0)])


def test_a_check_looks_for_other_clusters_while_it_reads_snapshots(tmp_path: Path) -> None:
    runs = taken()
    barrier = threading.Barrier(2)
    source, kept = Meeting(runs.state, barrier), Meeting(runs.store, barrier)
    runs.store = kept
    source.meets = (("entry", ""),)
    kept.meets = (("read", "blobs/"),)
    settings = config.load({"HOME": str(tmp_path)})

    rows = verify_snapshots(settings, runs.snapshots, level=0, progress=Quiet(), state=source)

    assert [row["trustworthy"] for row in rows] == [True] * 3
    assert not barrier.broken


def test_one_snapshot_is_judged_by_all_that_tells_of_it_at_once() -> None:
    runs = taken(1)
    ref = next(iter(runs.snapshots.list()))
    verify(runs.snapshots, ref, level=0, by="test").require()
    barrier = threading.Barrier(3)
    runs.store = kept = Meeting(runs.store, barrier)
    beside = f"{names.CLUSTERS}{name(0)}/"
    kept.meets = (
        ("read", f"{beside}epoch"),
        ("read", f"{beside}{ref.id}/{names.VERIFIED}"),
        ("entry", "blobs/"),
    )

    chosen = make_choice(runs.snapshots, name(0), "latest", state=runs.state)

    assert chosen.ref == ref
    assert not barrier.broken


def test_a_restore_reads_the_archive_while_it_lists_the_target() -> None:
    runs = taken(1)
    ref = next(iter(runs.snapshots.list()))
    barrier = threading.Barrier(2)
    target = Meeting(MemoryStore(), barrier)
    runs.store = kept = Meeting(runs.store, barrier)
    target.meets = (("entry", ""),)
    kept.meets = (("read", names.archive_key(ref.cluster, ref.id, encrypted=False)),)

    plan = plan_restore(runs.snapshots, runs.snapshots.manifest(ref), target)

    assert len(plan.writes) > 0
    assert not barrier.broken


class Held(Watched):
    """Holds up the listing at the last cluster until a snapshot of the first is there.

    At the one before it a while, in which all is answered that clusters are held against.
    """

    def __init__(self, inner: ObjectStore, made: threading.Event) -> None:
        super().__init__(inner)
        self._made = made

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        for entry in super().entries(prefix, start_after=start_after):
            if not prefix and entry.key.startswith(f"{name(1)}/addons/"):
                time.sleep(0.5)
            if not prefix and entry.key.startswith(name(2)):
                assert self._made.wait(WAITS)
            yield entry


class Made(Watched):
    """Says when a manifest was written."""

    def __init__(self, inner: ObjectStore, made: threading.Event) -> None:
        super().__init__(inner)
        self._made = made

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        tag = super().put_if_absent(key, body, retain_until=retain_until)
        if key.endswith(names.MANIFEST):
            self._made.set()
        return tag


def test_the_snapshot_of_a_changed_cluster_is_made_while_the_listing_goes_on() -> None:
    runs, made = taken(), threading.Event()
    runs.state.put(ADDON, b"changed")
    runs.state, runs.store = Held(runs.state, made), Made(runs.store, made)

    done = runs.run().require_whole()

    assert [result.reused for result in done.clusters] == [False, True, True]


def test_of_many_changed_clusters_a_few_are_made_while_the_listing_goes_on() -> None:
    clusters = 9
    runs = taken(clusters)
    for number in range(clusters):
        runs.state.put(f"{name(number)}/addons/a.addons.k8s.io/v1.yaml", b"changed")
    runs.state = source = BilledStore(runs.state)

    done = runs.run().require_whole()

    assert not any(result.reused for result in done.clusters)
    assert source.bill()["LIST"] == 1 + 4 + 1, "the fleet, those few, and the fleet once more"


class Ends(Watched):
    """Holds up the second cluster of a listing until it is told to go on."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self.listed: list[str] = []
        self.goes_on = threading.Event()

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        for entry in super().entries(prefix, start_after=start_after):
            if entry.key.startswith(name(1)):
                self.goes_on.wait(WAITS)
            self.listed.append(entry.key.split("/")[0])
            yield entry


def test_a_listing_that_nobody_waits_for_any_more_ends_at_the_cluster_it_is_at() -> None:
    store = Ends(state(9))

    with ThreadPoolExecutor(1) as workers:
        with (
            pytest.raises(StoreUnavailable),
            listing.list_fleet(store, (), 1, workers, lambda found: found),
        ):
            raise StoreUnavailable("the snapshot store does not answer")
        store.goes_on.set()

    assert len(set(store.listed)) <= 3
