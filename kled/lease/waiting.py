"""Waiting for another writer's lease, where whoever looks on can see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Wait:
    """What a writer begins to wait for."""

    cluster: str
    holder: str
    """Who holds the lease, in words."""
    longest: timedelta
    """How long the writer waits at most."""


Waiting = Callable[[Wait, Callable[[], None]], None]
"""Shows a wait while it lasts: it calls what it is given once, in its own thread.

That returns when the lease is free. What it raises is raised on: `LeaseHeld` where the lease is not
free in time, and what the store raises.
"""


def unseen(_wait: Wait, rest: Callable[[], None]) -> None:
    """Wait, and show nothing."""
    rest()
