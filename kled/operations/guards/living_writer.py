"""Another writer of a cluster that lives: what it has begun is under way, and not interrupted."""

from kled.errors import KledError
from kled.lease import boot_time
from kled.lease.writes import living_holder
from kled.operations import stores
from kled.operations.session import Session
from kled.retry import Clock


def living_writer(session: Session, cluster: str) -> str | None:
    """Return who else holds the lease of the cluster and renews it, in words. Only reads.

    None where nobody does, where this run itself holds a lease, and where the lease cannot be
    read: what is not known to live is taken for interrupted.
    """
    if session.lease is not None:
        return None
    clock = Clock(boot_time, session.clock.sleep)
    try:
        return living_holder(session.state_store, cluster, now=stores.now(), clock=clock)
    except KledError:
        return None
