"""Reading what is stored of a fleet: together, and one bad cluster stops one cluster."""

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from kled.errors import StoreDenied
from kled.operations.health.looks.stored import read_clusters
from kled.storage.base import Entry, ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import Watched

T = TypeVar("T")
FLEET = [f"c{number}.example.com" for number in range(4)]


def fleet() -> MemoryStore:
    store = MemoryStore()
    for cluster in FLEET:
        store.put(f"{cluster}/config", b"kind: Cluster")
        store.put(f"{cluster}/kops-version.txt", b"1.36.2")
        store.put(f"{cluster}/secrets/admin", b"secret")
    return store


class Together(Watched):
    """Answers no listing before all were asked for, and no reading before all were."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self.readings = threading.Barrier(2 * len(FLEET))
        self.listings = threading.Barrier(len(FLEET))

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        self.listings.wait(20)
        return self.inner.entries(prefix, start_after=start_after)

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        if method == "read":
            self.readings.wait(20)
        return call()


class Denying(Watched):
    """Denies all of one cluster."""

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        if prefix.startswith(FLEET[1]):
            raise StoreDenied("no")
        return self.inner.entries(prefix, start_after=start_after)

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        if method == "read" and key.startswith(FLEET[2]):
            raise StoreDenied("not this one")
        return call()


def test_all_clusters_are_listed_and_read_at_once() -> None:
    read = read_clusters(Together(fleet()), FLEET)

    assert all(known.is_applied for known in read.values())


def test_a_cluster_that_denies_hides_no_other() -> None:
    read = read_clusters(Denying(fleet()), FLEET)

    problems = {name: str(known.problem) for name, known in read.items() if known.problem}
    assert problems == {FLEET[1]: "no", FLEET[2]: "not this one"}
    assert read[FLEET[3]].is_applied


def test_no_secret_is_read() -> None:
    read = read_clusters(fleet(), FLEET)

    assert read[FLEET[0]].objects.keys() == {"config", "kops-version.txt"}
    assert "1.36.2" not in repr(read)
