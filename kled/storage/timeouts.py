"""How long a store is waited for, in one request; `retrying` says how often it is asked."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Of one request. A store that never answers is given up after four of them, within a minute.

    One that takes a large body first is silent meanwhile: `after_body` counts there.
    """

    connect: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(seconds=10)
    """For an answer, or its next piece."""
    after_body: timedelta = timedelta(minutes=2)
    """The same where a large body is sent."""
    whole: timedelta = timedelta(minutes=5)
    """For one answer with its body, where the client can tell; what is longer is read on from where
    it broke off."""

    def pair(self, *, large: bool = False) -> tuple[float, float]:
        """Return seconds to connect and to wait, as `requests` takes them."""
        wait = self.after_body if large else self.silence
        return self.connect.total_seconds(), wait.total_seconds()


DEFAULT: Final = Timeouts()
CONNECTIONS: Final = 64
"""What a client keeps open to a store at once: more wait for one that comes back."""
