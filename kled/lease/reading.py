"""How a lease is read from its store."""

from kled.errors import DocumentDamaged, ObjectMissing
from kled.lease import takeover
from kled.lease.document import LARGEST, decode, key, unreadable
from kled.lease.takeover import Observation
from kled.retry import Clock
from kled.storage.base import ObjectStore, Stored
from kled.storage.bounded import get_bounded


def look(
    store: ObjectStore, cluster: str, before: Observation | None, clock: Clock
) -> Observation | None:
    """Return the lease as a challenger knows it now; None: there is none.

    Raises `StoreError` where something that is no lease stands in its place.
    """
    try:
        stored = read(store, cluster)
    except ObjectMissing:
        return None
    lease = decode(stored.body, where(store, cluster))
    return takeover.observed(before, lease, stored.tag, clock.monotonic())


def read(store: ObjectStore, cluster: str) -> Stored:
    """Return the lease's object, or as much as no lease is; raise as `get` does."""
    named = where(store, cluster)
    try:
        return get_bounded(store, key(cluster), limit=LARGEST, what=named)
    except DocumentDamaged as error:
        raise unreadable(named, error.reason) from error


def where(store: ObjectStore, cluster: str) -> str:
    """Name the lease of `cluster` in errors."""
    return f"the lease {store.location.url}/{key(cluster)}"
