"""One lease for all nested and parallel operations of one run in one process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from kled.lease.held import Held
from kled.storage.base import Location

SharedLease = tuple[Location, str, str]
"""The store, the cluster and the run."""


@dataclass(slots=True)
class _Share:
    users: int = 0
    held: Held | None = None
    making: threading.Lock = field(default_factory=threading.Lock)
    stack: ExitStack = field(default_factory=ExitStack)


_shares: Final[dict[SharedLease, _Share]] = {}
"""Operations of one run that know nothing of each other share a lease: a second of the same run
would wait for the first. `_guard` is held for each look; a share goes with its last user."""
_guard: Final = threading.Lock()


@contextmanager
def shared(key: SharedLease, make: Callable[[], AbstractContextManager[Held]]) -> Iterator[Held]:
    """Yield the lease of `key`; the first user makes it, the last one out gives it back."""
    with _guard:
        share = _shares.setdefault(key, _Share())
        share.users += 1
    try:
        with share.making:
            if share.held is None:
                share.held = share.stack.enter_context(make())
        yield share.held
    finally:
        with _guard:
            share.users -= 1
            if share.users == 0:
                del _shares[key]
        if share.users == 0:
            share.stack.close()
