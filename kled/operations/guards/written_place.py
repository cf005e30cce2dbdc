"""The lease of the place that a run writes to, held until the run ends.

A module apart from the session, since most commands only read and need no lease.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from kled.config import Settings
from kled.errors import StoreError
from kled.lease import Held, Terms, Waiting, Writer, boot_time, hold, unseen
from kled.lease.writes import require_unheld
from kled.operations.guards.guards import LeasePlace
from kled.operations.stores import Stores, child_environment, now
from kled.retry import Clock

if TYPE_CHECKING:
    from kled.operations.session import Who


@contextmanager
def hold_lease(
    settings: Settings,
    place: LeasePlace,
    who: "Who",
    clock: Clock,
    *,
    waiting: Waiting | None,
    no_lease: bool,
) -> Iterator[Held | None]:
    """Hold the lease of `place` until the end; with `no_lease` only check that nobody holds it.

    The lease is kept in the store that is written to, through a client of its own, so that renewals
    never queue behind the requests of a step. Waiting is measured on a clock that counts suspends.
    Raises `LeaseHeld`, `CapabilityMissing` and the store's errors, with what they mean for a
    change.
    """
    wait = settings.lease_wait if settings.lease_wait is not None else who.lease_wait
    ticks = Clock(boot_time, clock.sleep, clock.chance)
    with ExitStack() as stack:
        held = None
        with _advised():
            store = Stores(settings, clock).at(place)
            if no_lease:
                require_unheld(store, place.cluster, now=now(), clock=ticks)
            else:
                lease = hold(
                    store,
                    place.cluster,
                    writer=Writer(who.owner, who.run_id, socket.gethostname(), os.getpid()),
                    terms=Terms(settings.lease_ttl, wait),
                    clock=ticks,
                    environment=child_environment(settings),
                    waiting=waiting or unseen,
                )
                held = stack.enter_context(lease)
        yield held


@contextmanager
def _advised() -> Iterator[None]:
    """Add what a refusal of the state store means for a change, and what to do."""
    try:
        yield
    except StoreError as error:
        if not error.retryable:
            error.advise("a change needs to write to the state store, where its lease is kept")
        elif error.hint is None:
            error.advise(
                "check the address, the endpoint and the way to it; kled doctor tries the state"
                " store"
            )
        raise
