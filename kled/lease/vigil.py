"""What the watchdog and the holder decide, without I/O: when to renew, and when all is lost.

With TTL as 1, counted from the moment before the last successful renewal was sent:

    every 1/8   the holder beats
    at a beat   the watchdog renews, if it last did so 1/5 ago (so about every 1/4)
    lost        after 1/2 without a beat, or 3/4 without a renewal: kops gets TERM
    1/8 later   kops gets KILL
    1           others may take over

So kops is dead at 7/8 at the latest, and a store that does not answer is tried for 1/2.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds that follow from a TTL."""

    beat: float
    renewal: float
    missed_beat: float
    unrenewed: float
    kill_grace: float


def timing(ttl: timedelta) -> Timing:
    """Return the schedule of a lease with that TTL."""
    seconds = ttl.total_seconds()
    return Timing(
        beat=seconds / 8,
        renewal=seconds / 5,
        missed_beat=seconds / 2,
        unrenewed=seconds * 3 / 4,
        kill_grace=seconds / 8,
    )


class Vigil:
    """Beats and renewals as they were seen; all times are the caller's."""

    def __init__(self, schedule: Timing, *, renewed: float, now: float) -> None:
        self._schedule = schedule
        self._beat_at = now
        self._renewed_at = renewed
        self._tried_at = renewed
        self._heard = False

    def beat(self, sent: float) -> None:
        """Note a beat by when it was sent, so that a reader that lags behind does not count."""
        self._beat_at = max(self._beat_at, sent)
        self._heard = True

    def trying(self, now: float) -> None:
        """Note that a renewal is about to be sent."""
        self._tried_at = now
        self._heard = False

    def renewed(self, since: float) -> None:
        """Note a successful renewal that was sent at `since`."""
        self._renewed_at = max(self._renewed_at, since)

    def may_renew(self, now: float) -> bool:
        """Say whether a renewal is due: heard a beat since the last one, which is old enough.

        After a renewal that failed the next comes with the next beat.
        """
        failed = self._tried_at > self._renewed_at
        pause = 0.0 if failed else self._schedule.renewal
        return self._heard and self.lost(now) is None and now >= self._tried_at + pause

    def lost(self, now: float) -> str | None:
        """Say why the lease can no longer be relied on, if so. It is final: act on it at once."""
        silent, stale = now - self._beat_at, now - self._renewed_at
        if silent >= self._schedule.missed_beat:
            return f"the holder was silent for {silent:.1f} s"
        if stale >= self._schedule.unrenewed:
            return f"the lease could not be renewed for {stale:.1f} s"
        return None

    def seconds_left(self, now: float) -> float:
        """Return after how many seconds all is lost if nothing more is heard."""
        ends = min(
            self._beat_at + self._schedule.missed_beat,
            self._renewed_at + self._schedule.unrenewed,
        )
        return max(0.0, ends - now)
