"""What guards read of a state store they never hold whole where it is larger than kops' own."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from kled import config
from kled.errors import KledError
from kled.operations.cluster.applied_version import applied_version
from kled.operations.cluster.kept_fields import require_known_fields
from kled.operations.fleet import registered
from kled.operations.guards import before_change, own_places, shared_iam_roles
from kled.operations.guards.overrides import NOTHING
from kled.operations.identity import kept_keys, other_identity
from kled.operations.session import Session, Who
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.storage.base import Stored
from kled.storage.memory import MemoryStore, _Reading

C = "c.example.com"
HUGE = b"x" * (64 << 20)


class Copying(MemoryStore):
    """Hands out bytes of its own, as every store does that is none of this process's memory."""

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        found = super().get(key, tag=tag, version=version)
        return Stored(bytes(bytearray(found.body)), found.tag)

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[_Reading]:
        found = super().get(key, tag=tag, version=version)
        yield _Reading(found.body, found.tag, start)


def session_on(store: MemoryStore) -> Session:
    settings = config.load({"HOME": "/nowhere", "KOPS_STATE_STORE": "s3://state"})
    clock, who = Clock(lambda: 0.0, lambda _: None), Who("t", "a run", timedelta(0))
    stores = Stores(settings, clock, open_store=lambda _location, *, env, clock: store)
    return Session(settings, None, clock, who, None, overrides=NOTHING, stores=stores)


READS: dict[str, tuple[str, Callable[[Session], object]]] = {
    "a definition": (f"{C}/config", lambda one: registered.home(one.state_store, C)),
    "where it is": (f"{C}/config", lambda one: own_places.require(one, C)),
    "whether it is there": (f"{C}/config", lambda one: before_change._is_there(one, C)),
    "its roles": (
        f"{C}/config",
        lambda one: list(shared_iam_roles.registered_clusters(one, but="d")),
    ),
    "the roles of a group": (
        f"{C}/instancegroup/nodes",
        lambda one: list(shared_iam_roles.registered_clusters(one, but="d")),
    ),
    "its machines' keysets": (
        f"{C}/igconfig/control-plane/a/nodeupconfig.yaml",
        lambda one: kept_keys.missing_keysets(one, C),
    ),
    "what an edit would drop": (
        f"{C}/instancegroup/nodes",
        lambda one: require_known_fields(one, C, "nodes", {}),
    ),
    "the version that was applied": (
        f"{C}/cluster-completed.spec",
        lambda one: applied_version(one, C),
    ),
    "its keysets": (
        f"{C}/pki/private/kubernetes-ca/keyset.yaml",
        lambda one: other_identity.compare(one, C),
    ),
}


def refusal(call: Callable[[], object]) -> KledError | None:
    try:
        call()
    except KledError as error:
        return error
    return None


@pytest.mark.parametrize("what", READS)
def test_an_object_of_many_megabytes_is_not_held(what: str) -> None:  # fault 84
    key, read = READS[what]
    store = Copying(name="state")
    store.put(f"{C}/config", b"kind: Cluster\n")
    store.put(key, HUGE)
    tracemalloc.start()
    try:
        error = refusal(lambda: read(session_on(store)))
        assert error is None or C in f"{error} {error.hint}"
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()
