"""Which errors are tried again, how often, how soon, and for how long in all (design D3).

A policy is data. `call` executes it for the plain runner; `tasks.running.policies` translates it
for Prefect. Nothing else in kled retries but requests to object stores, which have a decorator.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from kled.errors import ClusterNotReady, DeadlineExceeded, KledError, NotReadyInTime
from kled.sentences import duration

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How one step is retried; only errors whose class is `retryable` are."""

    attempts: int
    """Calls in all, the first included."""
    first_delay: timedelta
    factor: float
    """Each delay is the one before times this."""
    longest_delay: timedelta
    jitter: float
    """Each delay is stretched by up to this share, so that a fleet does not knock in step."""
    deadline: timedelta
    """Over all attempts and delays together."""

    def delays(self) -> tuple[float, ...]:
        """Return the seconds between the attempts, before jitter."""
        first, longest = self.first_delay.total_seconds(), self.longest_delay.total_seconds()
        return tuple(min(first * self.factor**n, longest) for n in range(self.attempts - 1))


ONCE: Final = Policy(1, timedelta(0), 1, timedelta(0), 0, timedelta(hours=2))
"""For steps that must not run again by themselves."""
READ: Final = Policy(4, timedelta(seconds=1), 2, timedelta(seconds=10), 0.2, timedelta(minutes=5))
"""Short reads: a throttled or unreachable cloud gets a few more chances."""
CHANGE: Final = Policy(
    4, timedelta(seconds=10), 2, timedelta(minutes=1), 0.2, timedelta(minutes=60)
)
"""Changes that look before they act; kops itself already waits up to 10 minutes for a task."""
PATIENCE: Final = Policy(
    240, timedelta(seconds=10), 1, timedelta(seconds=10), 0.2, timedelta(minutes=30)
)
"""Waiting for a cluster to validate."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as an argument: seconds that only rise, a way to wait, and chance in [0, 1)."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    chance: Callable[[], float] = random.random


def call(step: Callable[[], T], policy: Policy, clock: Clock) -> T:
    """Call `step` until it returns, fails for good, or the policy is used up.

    Raises the last error of `step`; `DeadlineExceeded` from it where the next delay would end
    after the deadline.
    """
    ends = clock.monotonic() + policy.deadline.total_seconds()
    for delay in _jittered(policy, clock):
        try:
            return step()
        except KledError as error:
            if not error.retryable:
                raise
            if clock.monotonic() + delay >= ends:
                raise given_up(error, policy) from error
        clock.sleep(delay)
    return step()


def given_up(error: KledError, policy: Policy) -> DeadlineExceeded:
    """Return the error of an operation whose deadline is over; its exit code is that of `error`."""
    kind = NotReadyInTime if isinstance(error, ClusterNotReady) else DeadlineExceeded
    waited = duration(policy.deadline)
    return kind(f"gave up after {waited}: {error.message}", hint=error.hint)


def _jittered(policy: Policy, clock: Clock) -> Iterator[float]:
    for delay in policy.delays():
        yield delay * (1 + policy.jitter * clock.chance())
