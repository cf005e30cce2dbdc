"""The writes of a lease; all of them conditional."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from kled.errors import (
    LeaseHeld,
    LeaseLost,
    ObjectMissing,
    PreconditionFailed,
    StoreError,
)
from kled.lease import reading, takeover
from kled.lease.document import Lease, Terms, Writer, decode, encode, key
from kled.lease.takeover import Observation
from kled.lease.waiting import Wait, Waiting, unseen
from kled.retry import Clock
from kled.storage.base import ObjectStore

logger = logging.getLogger(__name__)

_VAIN: Final = 5
"""Refused writes in a row over one and the same object, or over its absence, that end the attempt:
another writer's would have changed it."""
_PAUSE: Final = 0.1
"""Seconds after the first refused write; each further one waits as long once more."""


@dataclass(frozen=True, slots=True)
class Acquired:
    """A lease that was just written, and what its next write needs."""

    lease: Lease
    tag: str
    since: float
    """The clock before the write was sent: belief counts from here (see `takeover`)."""


def acquire(
    store: ObjectStore,
    cluster: str,
    *,
    writer: Writer,
    terms: Terms,
    clock: Clock,
    waiting: Waiting = unseen,
) -> Acquired:
    """Take the lease of `cluster`, after `waiting` up to `terms.wait` for another writer.

    Killed halfway it leaves either nothing or a lease that nobody renews and that lapses. Raises
    `LeaseHeld` naming the holder, and `StoreError` where something that is no lease stands in its
    place.
    """
    gives_up = clock.monotonic() + terms.wait.total_seconds()
    sight: Observation | None = None
    refused: list[str | None] = []
    while True:
        sight = _wait_until_free(store, cluster, sight, gives_up, clock, waiting)
        lease = takeover.succession(cluster, writer, terms.ttl, sight.lease if sight else None)
        since = clock.monotonic()
        try:
            return Acquired(lease, _take(store, lease, sight), since)
        except PreconditionFailed:  # another was faster, or the holder came back: look again
            refused.append(sight.tag if sight else None)
        _require_hope(store, cluster, refused, over=clock.monotonic() >= gives_up)
        clock.sleep(min(_PAUSE * len(refused), takeover.interval(terms.ttl)))


def held_by_another(
    store: ObjectStore, cluster: str, *, now: datetime, clock: Clock
) -> LeaseHeld | None:
    """Return what a writer who does not wait would be told; None: the lease may be taken.

    Looks once and writes nothing. `now` is held against the store's date of the last renewal: who
    has not renewed for a TTL is dead. Raises as `acquire` does.
    """
    sight = _renewed(store, cluster, now, clock)
    if sight is None:
        return None
    return LeaseHeld(_holder(cluster, sight, clock.monotonic()), hint=_advice(sight))


def living_holder(store: ObjectStore, cluster: str, *, now: datetime, clock: Clock) -> str | None:
    """Return who holds the lease and renews it, in words; None where nobody does.

    Looks once, as `held_by_another` does, and raises as that.
    """
    sight = _renewed(store, cluster, now, clock)
    return sight.lease.describe() if sight is not None else None


def require_unheld(store: ObjectStore, cluster: str, *, now: datetime, clock: Clock) -> None:
    """Raise `LeaseHeld` for whoever goes without a lease where another writer has one.

    A store that keeps no leases has none to be found. Raises as `held_by_another` does.
    """
    held = held_by_another(store, cluster, now=now, clock=clock)
    if held is not None:
        held.advise("--no-lease is for state stores without conditional writes: leave it out")
        raise held


def advance(store: ObjectStore, lease: Lease, tag: str) -> str:
    """Write the next state of an own lease over `tag` and return the new tag.

    Raises `LeaseLost` where the object is no longer this acquisition's. An earlier advance whose
    answer got lost may have moved the tag: what is found then is one's own, and written over.
    """
    try:
        return store.replace(key(lease.cluster), encode(lease), tag)
    except PreconditionFailed:
        current = _own(store, lease)
    try:
        return store.replace(key(lease.cluster), encode(lease), current)
    except PreconditionFailed as error:
        raise LeaseLost(f"the lease of {lease.cluster} was written by somebody else") from error


def _renewed(store: ObjectStore, cluster: str, now: datetime, clock: Clock) -> Observation | None:
    """Return the lease where it was renewed within its TTL, by the store's date; else None."""
    sight = reading.look(store, cluster, None, clock)
    if sight is None or sight.lease.state == "released":
        return None
    dates = [entry.modified for entry in store.entries(key(cluster)) if entry.key == key(cluster)]
    if any(date is not None and now - date > sight.lease.ttl for date in dates):
        return None
    return sight


def _wait_until_free(
    store: ObjectStore,
    cluster: str,
    sight: Observation | None,
    gives_up: float,
    clock: Clock,
    waiting: Waiting | None,
) -> Observation | None:
    """Return the lease to replace, or None where there is none to replace.

    It is `waiting` that waits; None waits here.
    """
    known = sight
    while True:
        sight = reading.look(store, cluster, sight, clock)
        now = clock.monotonic()
        if sight is None or (patience := takeover.patience(sight, now)) == 0:
            return sight
        holder = _holder(cluster, sight, now)
        if now >= gives_up:
            raise LeaseHeld(holder, hint=_advice(sight))
        if known is None or known.holder_since != sight.holder_since:
            logger.warning("waiting: %s", holder)
        known = sight
        if waiting is not None:
            wait = Wait(cluster, sight.lease.describe(), timedelta(seconds=gives_up - now))
            rest = partial(_wait_until_free, store, cluster, known, gives_up, clock, None)
            return _shown(waiting, wait, rest)
        clock.sleep(min(patience, takeover.poll_interval(sight), gives_up - now))


def _shown(
    waiting: Waiting, wait: Wait, rest: Callable[[], Observation | None]
) -> Observation | None:
    free: list[Observation | None] = []
    waiting(wait, lambda: free.append(rest()))
    return free[0]


def _require_hope(
    store: ObjectStore, cluster: str, refused: list[str | None], *, over: bool
) -> None:
    """Raise where trying again is in vain; `refused` are the tags that were to be replaced."""
    if len(refused) >= _VAIN and len(set(refused[-_VAIN:])) == 1:
        raise StoreError(
            f"{reading.where(store, cluster)} cannot be written: the store refuses each try, "
            f"though {'nothing' if refused[-1] is None else 'the same object'} is there",
            hint="look at what stands in its place; when nothing changes the cluster, remove that "
            "and run again",
        )
    if over and len(refused) >= _VAIN:
        raise LeaseHeld(
            f"others took the lease of {cluster} each of the {len(refused)} times it was free",
            hint="wait longer with --lease-wait",
        )


def _take(store: ObjectStore, lease: Lease, sight: Observation | None) -> str:
    if sight is None:
        return store.put_if_absent(key(lease.cluster), encode(lease))
    if sight.lease.state == "held":
        logger.warning("taking over a lapsed lease: it was of %s", sight.lease.describe())
    return store.replace(key(lease.cluster), encode(lease), sight.tag)


def _own(store: ObjectStore, lease: Lease) -> str:
    """Return the tag of the object if it is still this acquisition's."""
    try:
        stored = reading.read(store, lease.cluster)
    except ObjectMissing:
        raise LeaseLost(f"the lease of {lease.cluster} was deleted") from None
    stored_lease = decode(stored.body, reading.where(store, lease.cluster))
    if (stored_lease.token, stored_lease.writer) != (
        lease.token,
        lease.writer,
    ) or stored_lease.state == "released":
        raise LeaseLost(f"the lease of {lease.cluster} was taken over by {stored_lease.describe()}")
    return stored.tag


def _holder(cluster: str, sight: Observation, now: float) -> str:
    return f"{cluster} is held by {sight.lease.describe()}, {takeover.seen_for(sight, now)}"


def _advice(sight: Observation) -> str:
    ttl = f"{sight.lease.ttl.total_seconds():g} s"
    return f"wait longer with --lease-wait; if that run is dead, its lease lapses within {ttl}"
