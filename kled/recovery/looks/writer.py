"""Who changes the cluster now, or began to delete it."""

from kled.errors import ObjectMissing
from kled.lease import document, reading
from kled.recovery.evidence import LeaseLeft
from kled.storage.base import ObjectStore


def look_at_lease(store: ObjectStore, cluster: str) -> LeaseLeft:
    """Return who holds the lease of the cluster. One GET; raises what the store raises.

    A holder that died holds it until its TTL is over: whoever changes the cluster waits for that.
    """
    try:
        stored = reading.read(store, cluster)
    except ObjectMissing:
        return LeaseLeft()
    lease = document.decode(stored.body, reading.where(store, cluster))
    if lease.state == "released":
        return LeaseLeft()
    return LeaseLeft(f"{lease.writer.owner} on {lease.writer.host}")
