"""The retention policy: which snapshots of one cluster are kept, by their times alone.

The newest snapshot of each of the newest N hours, days, ISO weeks, months and years that have one
is kept, and so are the last N. The newest trusted snapshot and those younger than the grace always
stay. Pure: it asks neither a clock nor a store.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from kled.errors import InvalidInput

GRACE: Final = timedelta(hours=24)
"""Longer than any run takes: a younger object may belong to a run that is under way."""
SKEW: Final = timedelta(minutes=15)
"""How far the clocks of a machine and a store may be apart: S3 refuses more."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How many snapshots of each period to keep; 0 ignores the period."""

    last: int = 3
    hourly: int = 24
    daily: int = 7
    weekly: int = 5
    monthly: int = 12
    yearly: int = 3

    def __post_init__(self) -> None:
        """Raises `InvalidInput` for a negative number."""
        for name, _ in _PERIODS:
            if getattr(self, name) < 0:
                raise InvalidInput(name, "must not be negative")
        if self.last < 1:
            raise InvalidInput("last", "must be 1 or more: one snapshot always stays")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the retention policy knows of a snapshot."""

    id: str
    created: datetime
    trusted: bool
    """Whether it can be trusted (`trust`)."""
    written: datetime | None = None
    """When the store says that it was written: the machine's clock may have been wrong."""

    @property
    def moment(self) -> datetime:
        """When it was made: the store's date where the id is dated later than that."""
        ahead = self.written is not None and self.created - self.written > SKEW
        return self.written if ahead and self.written else self.created

    def is_younger(self, old_until: datetime) -> bool:
        """Say whether it is dated after that moment, by its id or by the store."""
        return max(self.created, self.written or self.created) > old_until


_PERIODS: Final[tuple[tuple[str, Callable[[datetime], tuple[int, ...]]], ...]] = (
    ("hourly", lambda at: (at.year, at.month, at.day, at.hour)),
    ("daily", lambda at: (at.year, at.month, at.day)),
    ("weekly", lambda at: at.isocalendar()[:2]),
    ("monthly", lambda at: (at.year, at.month)),
    ("yearly", lambda at: (at.year,)),
)


def keep(
    candidates: Sequence[Candidate],
    policy: RetentionPolicy,
    old_until: datetime,
    *,
    named: Collection[str] = (),
) -> Mapping[str, str]:
    """Return the ids to keep, each with the reason. `named` are ids that the newest runs name.

    `old_until` is the moment until which a snapshot is older than the grace (`ages`).
    Pruning often keeps the same as pruning once: removing some candidates never makes another one
    removable. The result is empty only where there are no candidates.
    """
    newest_first = sorted(
        candidates, key=lambda candidate: (candidate.moment, candidate.id), reverse=True
    )
    why: dict[str, str] = {}
    for candidate in newest_first:
        if candidate.id in named:
            why[candidate.id] = "the newest run"
        elif candidate.is_younger(old_until):
            why[candidate.id] = "new"
    for candidate in newest_first[: policy.last]:
        why.setdefault(candidate.id, "last")
    for candidate in _first_trusted(newest_first):
        why.setdefault(candidate.id, "newest trusted")
    for name, period in _PERIODS:
        for candidate in _newest_of_each(newest_first, period)[: getattr(policy, name)]:
            why.setdefault(candidate.id, name)
    return why


def _first_trusted(newest_first: Sequence[Candidate]) -> Sequence[Candidate]:
    return [candidate for candidate in newest_first if candidate.trusted][:1]


def _newest_of_each(
    newest_first: Sequence[Candidate], period: Callable[[datetime], tuple[int, ...]]
) -> list[Candidate]:
    """Return the newest of each period, where possible a trusted one; newest periods first."""
    newest: dict[tuple[int, ...], Candidate] = {}
    for candidate in newest_first:
        key = period(candidate.moment.astimezone(UTC))
        if key not in newest or (candidate.trusted and not newest[key].trusted):
            newest[key] = candidate
    return list(newest.values())
