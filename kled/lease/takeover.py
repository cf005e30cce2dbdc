"""When a challenger may take a lease: decided from what it saw and its own clock alone.

Why two writers never both believe that they hold a lease, given clocks of equal speed: a holder
believes for one TTL from the moment *before* it sent its last successful write. A challenger counts
one TTL from the moment *after* it first read that write. The second moment is later than the first,
so when the challenger may act, the holder has stopped believing; and of several challengers the
conditional write lets one through.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kled.documents import LARGEST
from kled.lease.document import Lease, Writer

_POLLS_PER_TTL: Final = 30


@dataclass(frozen=True, slots=True)
class Observation:
    """A lease as a challenger knows it."""

    lease: Lease
    tag: str
    unchanged_since: float
    """The challenger's clock after the first read that gave this tag."""
    holder_since: float
    """The challenger's clock after the first read that showed this acquisition."""


def observed(before: Observation | None, lease: Lease, tag: str, now: float) -> Observation:
    """Fold what was read into what was known; `now` must be taken after the read returned."""
    if before is None:
        return Observation(lease, tag, now, now)
    same = (before.lease.token, before.lease.writer) == (lease.token, lease.writer)
    return Observation(
        lease,
        tag,
        before.unchanged_since if before.tag == tag else now,
        before.holder_since if same else now,
    )


def patience(sight: Observation, now: float) -> float:
    """Return for how many seconds the lease must still be left alone; zero: it may be taken.

    The TTL is the holder's own, as it stands in the lease.
    """
    if sight.lease.state == "released":
        return 0.0
    return max(0.0, sight.unchanged_since + sight.lease.ttl.total_seconds() - now)


def poll_interval(sight: Observation) -> float:
    """Return the seconds between two looks: often enough to see a release soon."""
    return interval(sight.lease.ttl)


def interval(ttl: timedelta) -> float:
    """Return the longest pause, in seconds, between two tries for a lease of that TTL."""
    return ttl.total_seconds() / _POLLS_PER_TTL


def succession(cluster: str, writer: Writer, ttl: timedelta, before: Lease | None) -> Lease:
    """Return the lease that `writer` would take after `before`; its token is higher.

    After the largest that can be read it begins anew: a writer tells its own by its run, too.
    """
    token = before.token + 1 if before and before.token < LARGEST else 1
    return Lease(cluster, writer, ttl, token=token)


def seen_for(sight: Observation, now: float) -> str:
    """Say for how long the holder has been watched, and whether it moves."""
    whole, still = now - sight.holder_since, now - sight.unchanged_since
    seen = f"seen for {whole:.0f} s"
    quiet = still > sight.lease.ttl.total_seconds() / 2
    return f"{seen}, silent for {still:.0f} s" if quiet else seen
