"""The order of a cluster's snapshots, even where clocks were wrong.

An id holds the time of the machine that gave it. What a run says outweighs ids: the snapshot that
the newest run names is newer than those it overtook, and than any that is dated after now. Pure.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kled.snapshot.documents import names

if TYPE_CHECKING:
    from kled.snapshot.documents.runs import RunEntry

SLACK: Final = timedelta(minutes=5)
"""Clocks that differ by less are right."""


def is_ahead(snapshot_id: str, now: datetime) -> bool:
    """Say whether an id is dated after now: the clock that gave it, or this one, is wrong."""
    return names.moment(snapshot_id) > now + SLACK


def oldest_first(ids: Iterable[str], entry: "RunEntry | None", now: datetime) -> tuple[str, ...]:
    """Return one cluster's snapshots in the order of their making; `entry` is the newest run's.

    Ids that are dated after now and that no run names come before all that are not: they never
    pass for the newest.
    """
    named = entry.snapshot if entry else None
    overtaken = entry.overtakes if entry else ()

    def place(snapshot_id: str) -> tuple[str, int, str]:
        early = snapshot_id in overtaken or (snapshot_id != named and is_ahead(snapshot_id, now))
        return (named or "", 0, snapshot_id) if early else (snapshot_id, 1, "")

    return tuple(sorted(ids, key=place))


def find_overtaken(new_id: str, older: Iterable[str]) -> tuple[str, ...]:
    """Return which of the `older` ids sort after `new_id`."""
    return tuple(sorted(snapshot_id for snapshot_id in older if snapshot_id > new_id))
