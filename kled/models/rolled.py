"""Past rolls of a cluster, the order of the next one, and how long it may take: pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kled.models.cluster import Role
from kled.models.rolling import RollingRow

ORDER: Final[Mapping[Role, int]] = {
    "bastion": 0,
    "control-plane": 1,
    "apiserver": 2,
    "node": 3,
    "unknown": 4,
}
"""Kops rolls in this order (`rolling-update --help`): no node is ever newer than its API."""


@dataclass(frozen=True, slots=True)
class Rolled:
    """One instance group that was rolled to its end."""

    instance_group: str
    role: Role
    machines: int
    seconds: float
    at: datetime
    """When it ended, with its time zone."""

    @property
    def each(self) -> float:
        """Seconds for one machine."""
        return self.seconds / max(1, self.machines)


def estimate(past: Sequence[Rolled], rows: Sequence[RollingRow]) -> timedelta | None:
    """Return how long the machines of `rows` take by the cluster's past; None where it has none.

    Per machine the median of the group's own rolls, else that of all.
    """
    waiting = [row for row in rows if row.need_update]
    if not waiting:
        return timedelta(0)
    if not past:
        return None
    usual = statistics.median(roll.each for roll in past)
    total = 0.0
    for row in waiting:
        own = [roll.each for roll in past if roll.instance_group == row.instance_group]
        total += row.need_update * (statistics.median(own) if own else usual)
    return timedelta(seconds=total)


def in_order(
    rows: Sequence[RollingRow], roles: Mapping[str, Role], canary: str | None = None
) -> tuple[RollingRow, ...]:
    """Return the rows in the order in which they are safe to roll; the canary first of its role.

    A group whose role is not known counts as nodes.
    """

    def place(row: RollingRow) -> tuple[int, bool, str]:
        role = roles.get(row.instance_group, "node")
        return ORDER[role], row.instance_group != canary, row.instance_group

    return tuple(sorted(rows, key=place))


@dataclass(frozen=True, slots=True)
class Steadiness:
    """A cluster counts as healthy when `needed` of its last `of` validations passed."""

    needed: int = 2
    of: int = 3

    def holds(self, verdicts: Sequence[bool]) -> bool:
        """Say so of the verdicts so far, oldest first."""
        return sum(verdicts[-self.of :]) >= self.needed
