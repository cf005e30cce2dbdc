"""The writes of a lease; all of them conditional."""

import logging
from dataclasses import dataclass

from kled.errors import LeaseHeld, LeaseLost, ObjectMissing, PreconditionFailed
from kled.lease import contest
from kled.lease.contest import Sight
from kled.lease.document import Lease, Terms, Writer, decode, encode, key
from kled.retry import Clock
from kled.storage.base import ObjectStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acquired:
    """A lease that was just written, and what its next write needs."""

    lease: Lease
    tag: str
    since: float
    """The clock before the write was sent: belief counts from here (see `contest`)."""


def acquire(
    store: ObjectStore, cluster: str, *, writer: Writer, terms: Terms, clock: Clock
) -> Acquired:
    """Take the lease of `cluster`, after waiting up to `terms.wait` for another writer.

    Killed halfway it leaves either nothing or a lease that nobody renews and that lapses. Raises
    `LeaseHeld` naming the holder.
    """
    gives_up = clock.monotonic() + terms.wait.total_seconds()
    sight: Sight | None = None
    while True:
        sight = _wait_until_free(store, cluster, sight, gives_up, clock)
        lease = contest.succession(cluster, writer, terms.ttl, sight.lease if sight else None)
        since = clock.monotonic()
        try:
            tag = _take(store, lease, sight)
        except PreconditionFailed:
            continue  # another challenger was faster, or the holder came back: look again
        return Acquired(lease, tag, since)


def advance(store: ObjectStore, lease: Lease, tag: str) -> str:
    """Write the next state of an own lease over `tag` and return the new tag.

    Raises `LeaseLost` where the object is no longer this acquisition's. An earlier advance whose
    answer got lost may have moved the tag: what is found then is one's own, and written over.
    """
    try:
        return store.replace(key(lease.cluster), encode(lease), tag)
    except PreconditionFailed:
        found = _own(store, lease)
    try:
        return store.replace(key(lease.cluster), encode(lease), found)
    except PreconditionFailed as error:
        raise LeaseLost(f"the lease of {lease.cluster} was written by somebody else") from error


def _wait_until_free(
    store: ObjectStore, cluster: str, sight: Sight | None, gives_up: float, clock: Clock
) -> Sight | None:
    """Return the lease to replace, or None where there is none to replace."""
    known = sight
    while True:
        sight = _look(store, cluster, sight, clock)
        now = clock.monotonic()
        if sight is None or (patience := contest.patience(sight, now)) == 0:
            return sight
        holder = f"{cluster} is held by {sight.lease.describe()}, {contest.seen_for(sight, now)}"
        if now >= gives_up:
            raise LeaseHeld(holder, hint=_advice(sight))
        if known is None or known.holder_since != sight.holder_since:
            logger.warning("waiting: %s", holder)
        known = sight
        clock.sleep(min(patience, contest.poll_interval(sight), gives_up - now))


def _look(store: ObjectStore, cluster: str, before: Sight | None, clock: Clock) -> Sight | None:
    try:
        found = store.get(key(cluster))
    except ObjectMissing:
        return None
    return contest.sighted(before, decode(found.body), found.tag, clock.monotonic())


def _take(store: ObjectStore, lease: Lease, sight: Sight | None) -> str:
    if sight is None:
        return store.put_if_absent(key(lease.cluster), encode(lease))
    if sight.lease.state == "held":
        logger.warning("taking over a lapsed lease: it was of %s", sight.lease.describe())
    return store.replace(key(lease.cluster), encode(lease), sight.tag)


def _own(store: ObjectStore, lease: Lease) -> str:
    """Return the tag of the object if it is still this acquisition's."""
    try:
        found = store.get(key(lease.cluster))
    except ObjectMissing:
        raise LeaseLost(f"the lease of {lease.cluster} was deleted") from None
    there = decode(found.body)
    if (there.token, there.writer) != (lease.token, lease.writer) or there.state == "released":
        raise LeaseLost(f"the lease of {lease.cluster} was taken over by {there.describe()}")
    return found.tag


def _advice(sight: Sight) -> str:
    ttl = f"{sight.lease.ttl.total_seconds():g} s"
    return f"wait longer with --lease-wait; if that run is dead, its lease lapses within {ttl}"
