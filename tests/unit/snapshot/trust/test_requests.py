"""How many requests each job costs: what a cloud bills, and what a slow link is waited for."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kled import config
from kled.operations.snapshots.verify import verify_snapshots
from kled.snapshot.choosing import choose, make_choice
from kled.snapshot.progress import Quiet
from kled.snapshot.restore.restore import apply_restore
from kled.snapshot.restore.restore_plan import plan_restore
from kled.snapshot.trust.judging import read_listing
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.trust.origin import Origins
from kled.snapshot.trust.strays import find_newest_of_each
from kled.snapshot.verify.verify import verify
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import BilledStore, Watched
from tests.unit.snapshot.fleets import Runs, expected, name, state

T = TypeVar("T")
CLUSTERS = 5
BLOBS = 2
"""Of each cluster: the two files of its etcd backup."""


def taken() -> tuple[Runs, BilledStore, BilledStore]:
    """A fleet of which a snapshot was taken, and its two stores with nothing on the bill."""
    source, kept = BilledStore(state(CLUSTERS)), BilledStore(MemoryStore())
    runs = Runs(source, kept)
    runs.run().require()
    source.bill()
    kept.bill()
    return runs, source, kept


def test_a_first_run() -> None:
    source, kept = BilledStore(state(CLUSTERS)), BilledStore(MemoryStore())

    Runs(source, kept).run().require()

    objects = CLUSTERS * len(expected(0))
    assert source.bill() == {"LIST": 2, "GET": objects + 1, "PUT": 1}  # and what it remembers
    bill = kept.bill()
    assert bill["PUT"] == CLUSTERS * (2 + BLOBS) + 2  # archives and manifests, the run, the root
    assert bill["LIST"] + bill["GET"] <= 10


def test_a_run_where_nothing_is_new_whatever_the_number_of_clusters() -> None:
    runs, source, kept = taken()

    runs.run().require()

    assert source.bill() == {"LIST": 1, "GET": 1, "PUT": 1}
    # two of the LISTs are of the blobs of one cluster, another one each time
    assert kept.bill() == {"LIST": 7, "GET": 3, "PUT": 1}


def test_a_run_where_one_cluster_changed() -> None:
    runs, source, kept = taken()
    source.inner.put(f"{name(3)}/addons/a.addons.k8s.io/v1.yaml", b"changed")

    runs.run().require()

    definition = len(expected(0)) - BLOBS
    bill = source.bill()
    assert bill["GET"] <= definition + BLOBS + 2
    assert bill["LIST"] == 2  # once more, to see that nothing changed meanwhile
    assert kept.bill()["PUT"] == 2 + 1


def test_a_check_of_what_is_stored() -> None:
    runs, _, kept = taken()
    snapshots = runs.snapshots
    ref = choose(snapshots, name(0), "newest")
    kept.bill()

    verify(snapshots, ref, level=0, by="test").require()

    # the manifest, the archive and the blobs; what stands beside it; the proof
    assert kept.bill() == {"GET": 2 + BLOBS, "LIST": 1, "PUT": 1}

    verify(snapshots, ref, level=0, by="test").require()

    assert kept.bill() == {"GET": 2 + BLOBS, "LIST": 1, "PUT": 1}  # no more where there is a proof


def test_a_check_of_a_fleet_lists_what_stands_beside_its_snapshots_once(tmp_path: Path) -> None:
    runs, source, kept = taken()
    settings = config.load({"HOME": str(tmp_path)})

    rows = verify_snapshots(settings, runs.snapshots, level=0, progress=Quiet(), state=source)

    assert len(rows) == CLUSTERS
    assert kept.bill()["LIST"] == 4  # the snapshots, and the runs thrice
    # which clusters there are, and the keysets and secrets of each
    assert source.bill()["LIST"] == 1 + 2 * CLUSTERS


class Together(Watched):
    """Answers for a manifest when those of all clusters are asked for."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self._all = threading.Barrier(CLUSTERS, timeout=20)

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        if method == "read" and key.endswith("/manifest.json"):
            self._all.wait()
        return call()


def test_the_newest_snapshots_of_a_fleet_are_chosen_at_once() -> None:
    """One after the other, two round trips each, is longer than all the rest of a check."""
    runs, _, kept = taken()
    runs.store = Together(kept)

    newest, strays = find_newest_of_each(
        Origins(read_ledger(runs.snapshots)), read_listing(runs.snapshots).refs
    )

    assert [ref.cluster for ref in newest] == [name(number) for number in range(CLUSTERS)]
    assert strays == ()


def test_a_restore_of_each_cluster_of_a_fleet() -> None:
    runs, _, kept = taken()
    target = BilledStore(MemoryStore())
    snapshots = runs.snapshots
    origins = Origins(read_ledger(snapshots))
    kept.bill()

    for number in range(CLUSTERS):
        ref = make_choice(snapshots, name(number), "latest", origins=origins).ref
        plan = plan_restore(snapshots, snapshots.manifest(ref), target)
        apply_restore(plan, snapshots, target)

    wanted = len([key for key in expected(0) if "/control/" not in key])
    assert target.bill() == {"LIST": CLUSTERS, "PUT": CLUSTERS * wanted}
    # what is there, and each blob; the manifest, to choose and to plan, the epoch, the archive
    assert kept.bill() == {"LIST": CLUSTERS * (1 + BLOBS), "GET": CLUSTERS * (4 + BLOBS)}
