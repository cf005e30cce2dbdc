"""The age of objects in a snapshot store, measured by more than one machine's clock.

A bucket dates objects by its own clock, and a prune compares that with the machine's. A directory
dates them by the machine's clock alone: after that jumped ahead, an object that was written minutes
ago looks days old. There, time counts only as far as the dates of runs and prunes show it passing:
at most the grace between two of them or since the last one, and twice the grace in all. A single
jump is a single pause, so objects younger than the grace stay (docs/decisions/0023).
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from kled.errors import SnapshotNotTrustworthy, StoreDenied
from kled.snapshot.documents import names
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.retention import claims
from kled.snapshot.retention.retention import SKEW
from kled.storage.bounded import written

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Older than any object: with it, nothing counts as old."""
CURE: Final = "set the clock (timedatectl set-ntp true, or chronyc makestep)"


def old_until(snapshots: SnapshotStore, grace: timedelta) -> datetime:
    """Return the moment until which what the store dates is older than `grace`; or `NEVER`.

    One LIST or two of a directory; nothing is asked of other stores.
    """
    now = snapshots.now()
    if not snapshots.url.startswith("file:"):
        return now - grace
    dates = (
        entry.modified
        for prefix in (names.RUNS, names.PRUNES)
        for entry in snapshots.store.entries(prefix)
        if entry.modified is not None
    )
    return find_witnessed(now, dates, grace)


def find_witnessed(now: datetime, dates: Iterable[datetime], grace: timedelta) -> datetime:
    """Return the moment since which `dates` show twice the grace passing; or `NEVER`. Pure.

    A pause between two dates counts for the grace at most, whatever the clocks said.
    """
    later, left = now, 2 * grace
    for date in sorted((date for date in dates if date <= now), reverse=True):
        passed = min(later - date, grace)
        if passed >= left:
            break
        later, left = date, left - passed
    return later - left if left <= grace else NEVER


def require_right_clock(snapshots: SnapshotStore) -> None:
    """Raise `SnapshotNotTrustworthy` where this machine's clock is not that of the store.

    Writes an empty sweep, looks how the store dates it, and deletes it. With a clock that is ahead,
    objects that a run is writing now would seem old; with one that is behind, what this prune frees
    would seem freed long ago.
    """
    sweep_id = snapshots.new_id()
    key = names.sweep_key(sweep_id)
    claims.announce(snapshots.store, sweep_id, ())
    wrong = wrong_clock(snapshots, key)
    with suppress(StoreDenied):  # it names nothing, and keeps nothing from anybody
        snapshots.store.delete(key)
    if wrong:
        raise SnapshotNotTrustworthy(
            f"nothing is deleted: {wrong}", hint=f"{CURE}; then prune again"
        )


def explain_wrong_date(snapshots: SnapshotStore, run_id: str) -> tuple[str, ...]:
    """Return the finding of a run that was written just now by a clock that is not the store's."""
    wrong = wrong_clock(snapshots, names.run_key(run_id))
    return (f"{wrong}, and what was taken is dated by it: {CURE}",) if wrong else ()


def wrong_clock(snapshots: SnapshotStore, key: str) -> str:
    """Say how far this machine's clock is from the store's, which has just written `key`.

    Empty where they agree, or the store does not tell. One LIST.
    """
    now = snapshots.now()
    date = written(snapshots.store, key)
    if date is None or abs(now - date) <= SKEW:
        return ""
    which = "ahead of" if now > date else "behind"
    return (
        f"the clock of this machine is {which} that of {snapshots.url}: it is"
        f" {now:%Y-%m-%d %H:%M} UTC here, and {date:%Y-%m-%d %H:%M} UTC there"
    )
