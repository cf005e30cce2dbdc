"""Nothing is deleted, and nothing is green, where a listing or a fleet is not all there is."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from kled.errors import (
    ClusterNotFound,
    KledError,
    SnapshotMissing,
    SnapshotNotTrustworthy,
    StoreDenied,
)
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents import last_seen
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.retention.mirror import mirror
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.trust.ledger import read_ledger
from kled.storage.base import Entry
from kled.storage.memory import MemoryStore
from tests.stores import Watched, keys
from tests.unit.snapshot.attacks import ADDON, ONLY_LAST
from tests.unit.snapshot.fleets import Runs, expected, name, restored, state


class Cut(Watched):
    """A store whose listings lack some keys, as behind a portal, a cut page or an empty mount."""

    lacks = ""

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        for entry in self.inner.entries(prefix, start_after=start_after):
            if not (self.lacks and entry.key.startswith(self.lacks)):
                yield entry


def aged() -> tuple[Runs, Cut]:
    """Some snapshots, old enough to be pruned."""
    kept = Cut(MemoryStore())
    runs = Runs(state(3), kept)
    for at in range(3):
        runs.state.put(f"{name(0)}/{ADDON}", f"n: {at}".encode())
        runs.run().require_whole()
    runs.later = timedelta(days=3)
    return runs, kept


def pruned(runs: Runs) -> int:
    plan = plan_prune(runs.snapshots, ONLY_LAST)
    return apply_prune(runs.snapshots, plan, Quiet()).collected


LACKING = ["clusters/", f"clusters/{name(2)}", f"clusters/{name(1)}/"]


@pytest.mark.parametrize("lacks", LACKING)
def test_a_listing_that_lacks_what_the_newest_run_names_stops_every_deletion(lacks: str) -> None:
    runs, kept = aged()  # fault 79
    before = keys(kept.inner)
    kept.lacks = lacks

    with pytest.raises(SnapshotNotTrustworthy, match="nothing is deleted") as refused:
        pruned(runs)

    assert "mounted" in str(refused.value.hint)
    assert keys(kept.inner) == before


@pytest.mark.parametrize("lacks", LACKING)
def test_a_listing_that_is_cut_after_the_plan_stops_it_too(lacks: str) -> None:
    runs, kept = aged()
    plan = plan_prune(runs.snapshots, ONLY_LAST)
    before = keys(kept.inner)
    kept.lacks = lacks

    with pytest.raises(SnapshotNotTrustworthy, match="nothing is deleted"):
        apply_prune(runs.snapshots, plan, Quiet())

    assert keys(kept.inner) == before


def test_with_runs_and_manifests_out_of_sight_no_blob_is_collected() -> None:  # fault 79
    runs, kept = aged()
    before = [key for key in keys(kept.inner) if key.startswith(("blobs/", "clusters/"))]
    for key in keys(kept.inner, "runs/"):
        kept.inner.delete(key)
    kept.lacks = "clusters/"

    with pytest.raises(SnapshotMissing, match="holds no snapshots"):
        pruned(runs)

    assert [key for key in keys(kept.inner) if key.startswith(("blobs/", "clusters/"))] == before


def test_the_state_store_stops_a_prune_where_all_runs_are_out_of_sight() -> None:
    runs, kept = aged()
    for key in keys(kept.inner, "runs/"):
        kept.inner.delete(key)

    with pytest.raises(SnapshotNotTrustworthy, match="nothing is deleted"):
        plan_prune(runs.snapshots, ONLY_LAST, state=runs.state)


def test_what_is_lost_for_good_is_made_anew_and_prunes_go_on() -> None:
    runs, kept = aged()
    lost = max(key for key in keys(kept.inner) if key.startswith(f"clusters/{name(1)}/"))
    for key in keys(kept.inner, f"clusters/{name(1)}/"):
        kept.inner.delete(key)
    with pytest.raises(SnapshotNotTrustworthy, match=lost.split("/")[2]):
        pruned(runs)

    anew(runs)  # as the hint says

    pruned(runs)
    assert restored(runs.snapshots, name(1)) == expected(1)


def anew(runs: Runs) -> None:
    options = CreateOptions(by="test", reuse=False, settles=True)
    create(runs.state, runs.snapshots, None, options=options, progress=Quiet()).require()


def test_the_snapshots_of_two_state_stores_in_one_place_are_all_named() -> None:
    kept = MemoryStore()
    first, second = Runs(state(1), kept), Runs(state(2), kept, at=60)
    first.run().require()
    for key in keys(second.state, f"{name(0)}/"):
        second.state.delete(key)
    second.run().require()
    (gone,) = [key for key in keys(kept, f"clusters/{name(0)}/") if "manifest" in key]
    assert len(read_ledger(first.snapshots).runs) == 2
    assert all(one.reused for one in first.run().clusters)
    assert all(one.reused for one in second.run().clusters)

    kept.delete(gone)

    for runs in (first, second):
        with pytest.raises(SnapshotNotTrustworthy, match="nothing is deleted"):
            plan_prune(runs.snapshots, ONLY_LAST)


def test_a_run_over_one_cluster_with_other_recipients_forgets_no_other() -> None:
    import pyrage

    runs = Runs(state(2), MemoryStore())
    runs.run().require()
    from kled.snapshot.documents.keys import Keys

    sealed = Keys((str(pyrage.x25519.Identity.generate().to_public()),))
    Runs(runs.state, runs.store, sealed, at=60).run([name(0)]).require()

    named = {ref.cluster for ref in read_ledger(runs.snapshots).named}
    assert named == {name(0), name(1)}


def test_a_fleet_that_vanished_is_a_failure_in_every_run_until_it_is_back() -> None:  # fault 79
    runs = Runs(state(2), MemoryStore())
    runs.run().require_whole()
    full, runs.state = runs.state, MemoryStore(name=runs.state.location.url[len("memory://") :])

    for _ in range(2):
        done = runs.run()
        assert [one.cluster for one in done.clusters] == [name(0), name(1)]
        with pytest.raises(ClusterNotFound, match="as are all the others"):
            done.require()

    runs.state = full
    assert all(one.reused for one in runs.run().require_whole().clusters)


def test_a_cluster_that_vanished_is_a_finding_unless_kled_deleted_it() -> None:
    runs = Runs(state(3), MemoryStore())
    runs.run().require_whole()
    url = runs.state.location.url
    for number in (0, 1):
        epoch.check(runs.snapshots, name(number), url)
        for key in keys(runs.state, f"{name(number)}/"):
            runs.state.delete(key)
    epoch.vacate(runs.snapshots, name(0), url)

    done = runs.run()

    assert done.findings == (
        f'cluster "{name(1)}" is gone from the state store, and kled did not delete it',
    )
    with pytest.raises(SnapshotNotTrustworthy):
        done.require_whole()
    assert runs.run().findings == ()


def test_a_store_that_is_not_mounted_is_not_taken_for_a_new_one() -> None:
    runs = Runs(state(1), MemoryStore(name="mounted"))
    runs.run().require_whole()
    runs.store = MemoryStore(name="mounted")

    with pytest.raises(SnapshotMissing, match="is empty, and run"):
        runs.run()

    assert keys(runs.store) == []
    anew(runs)
    assert restored(runs.snapshots, name(0)) == expected(0)


def test_without_kled_json_everything_is_read_and_it_is_made_anew() -> None:  # fault 83
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    identity = runs.snapshots.root.store
    runs.store.delete("kled.json")

    runs.snapshots.require()
    assert restored(runs.snapshots, name(0)) == expected(0)
    assert read_ledger(runs.snapshots).findings == (f"kled.json is gone from {runs.snapshots.url}",)
    done = runs.run()

    assert done.findings == ()
    assert done.warnings[0] == (
        f"kled.json is gone from {runs.snapshots.url}: it was made anew, and nothing is lost"
    )
    assert (runs.snapshots.root.store, runs.run().findings) == (identity, ())


def test_a_kled_json_that_cannot_be_made_anew_is_a_finding_of_each_run() -> None:
    class Sealed(MemoryStore):
        def put_if_absent(
            self, key: str, body: bytes, *, retain_until: datetime | None = None
        ) -> str:
            if key == "kled.json" and self.is_sealed:
                raise StoreDenied("a policy forbids it")
            return super().put_if_absent(key, body, retain_until=retain_until)

        is_sealed = False

    store = Sealed()
    runs = Runs(state(1), store)
    runs.run().require_whole()
    store.delete("kled.json")
    store.is_sealed = True

    for _ in range(2):
        done = runs.run()
        assert done.findings == (f"kled.json is gone from {runs.snapshots.url}",)


def test_a_store_that_holds_nothing_is_none() -> None:
    with pytest.raises(SnapshotMissing):
        Runs(state(1), MemoryStore()).snapshots.require()


@pytest.mark.parametrize("lacks", ["clusters/", f"clusters/{name(1)}"])
def test_a_mirror_of_a_listing_that_is_cut_is_not_green(lacks: str) -> None:
    runs, kept = aged()
    kept.lacks = lacks

    with pytest.raises(KledError, match="is gone"):
        mirror(runs.snapshots, MemoryStore(), Quiet()).require()


def test_a_mirror_tells_that_its_source_was_taken_back() -> None:
    runs, kept = aged()
    second = MemoryStore()
    earlier = {key: kept.inner.get(key).body for key in keys(kept.inner)}
    runs.state.put(f"{name(0)}/{ADDON}", b"newest")
    runs.run().require_whole()
    mirror(runs.snapshots, second, Quiet()).require()
    for key in keys(kept.inner):
        kept.inner.delete(key)
    for key, body in earlier.items():
        kept.inner.put(key, body)

    with pytest.raises(SnapshotMissing, match="is gone"):
        mirror(runs.snapshots, second, Quiet()).require()


def test_a_state_store_that_may_only_be_read_is_a_warning() -> None:
    from kled.errors import StoreDenied

    class ReadOnly(Watched):
        def put_if_absent(self, key: str, body: bytes, **_: object) -> str:
            raise StoreDenied("no")

    runs = Runs(ReadOnly(state(1)), MemoryStore())

    done = runs.run().require_whole()

    assert any("only be read here" in words for words in done.warnings)
    assert keys(runs.state, last_seen.PREFIX) == []
