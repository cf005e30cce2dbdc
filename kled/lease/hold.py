"""Holding a lease while kops runs."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from kled.errors import LeaseLost
from kled.lease import started_watchdog
from kled.lease.document import Terms, Writer, key
from kled.lease.held import Held
from kled.lease.sharing import shared
from kled.lease.waiting import Waiting, unseen
from kled.lease.writes import acquire
from kled.retry import Clock
from kled.storage.base import ObjectStore
from kled.storage.conditional_writes import require_conditional_writes

logger = logging.getLogger(__name__)

_RELEASE_SECONDS: Final = 15.0
_INTERRUPTED_SECONDS: Final = 1.5


@contextmanager
def hold(  # noqa: PLR0913 - whose, of what, and who looks on
    store: ObjectStore,
    cluster: str,
    *,
    writer: Writer,
    terms: Terms,
    clock: Clock,
    environment: Mapping[str, str],
    waiting: Waiting = unseen,
) -> Iterator[Held]:
    """Hold the lease of `cluster` in `store` for the body of the `with` statement.

    It is `waiting` that waits for another writer, where there is one.

    Within one process, operations with the same `writer.run_id` share one lease: an inner `hold`
    returns at once, and the last one out releases. `clock.monotonic` must be `boot_time`, which the
    watchdog reads, too. `environment` is all that the watchdog gets; it needs what the store's
    credentials need.

    Before the body: `CapabilityMissing` where the store has no conditional writes, `LeaseHeld`
    after `terms.wait`, `InvalidInput` for a name that cannot be a cluster's, and what the store
    raises. After it: `LeaseLost` in place of whatever the body did, where the lease was lost
    meanwhile. The lease is released on every way out; after a SIGKILL the watchdog does that, and
    after the loss of the whole machine it lapses.

    What remains: kops cannot check the token, so a machine that is paused as a whole (a frozen
    virtual machine) resumes with a kops that runs until the watchdog is scheduled again.
    """
    share = (store.location, key(cluster), writer.run_id)

    @contextmanager
    def made() -> Iterator[Held]:
        require_conditional_writes(store)
        with started_watchdog.started(store, environment, clock) as watchdog:
            acquired = acquire(
                store, cluster, writer=writer, terms=terms, clock=clock, waiting=waiting
            )
            held = Held(acquired, watchdog.pipe, clock)
            watchdog.report_to(held.hear)
            held.begin(acquired)
            with _released(held, watchdog, terms):
                yield held

    with shared(share, made) as held:
        try:
            yield held
        except LeaseLost:
            raise
        except Exception:
            held.confirm()
            raise
        held.confirm()


@contextmanager
def _released(held: Held, watchdog: started_watchdog.Companion, terms: Terms) -> Iterator[None]:
    """Give the lease back after the body; an interrupted one hardly waits for the store.

    The watchdog goes on by itself: it releases the lease when the store answers, or it lapses.
    """
    patience = _RELEASE_SECONDS
    try:
        yield
    except BaseException as error:
        patience = patience if isinstance(error, Exception) else _INTERRUPTED_SECONDS
        raise
    finally:
        held.give_back()
        if not held.lost and not (watchdog.ended(patience) and held.released):
            cluster, ttl = held.lease.cluster, f"{terms.ttl.total_seconds():g} s"
            logger.warning("the lease of %s is not released: it lapses in %s", cluster, ttl)
