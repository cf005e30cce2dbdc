"""Retries of requests, once, for every store."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from kled.errors import ObjectMissing, PreconditionFailed, StoreUnavailable
from kled.retry import Clock, Policy, call
from kled.storage.base import Location, ObjectStore, Stored

REQUEST: Final = Policy(
    4, timedelta(milliseconds=200), 3, timedelta(seconds=3), 0.5, timedelta(minutes=2)
)
"""One request: few tries, since whole steps are retried as well. The attempts run out before the
deadline does, so that what is raised in the end is still `StoreUnavailable`."""


class RetryingStore:
    """Does what `inner` does, with patience for `StoreUnavailable`.

    A conditional write that failed may have happened: the answer, not the request, got lost. Its
    second try then finds its own object and is refused. So a refusal that follows a failure is
    checked by reading back: the very same body means that the first try won. This is sound only
    where the body names its writer, as leases do; two writers of one body both hear that they won.
    """

    def __init__(self, inner: ObjectStore, clock: Clock, policy: Policy = REQUEST) -> None:
        self._inner = inner
        self._clock = clock
        self._policy = policy

    @property
    def location(self) -> Location:
        """That of the inner store."""
        return self._inner.location

    def get(self, key: str) -> Stored:
        """Repeat freely: it only reads."""
        return call(lambda: self._inner.get(key), self._policy, self._clock)

    def put_if_absent(self, key: str, body: bytes) -> str:
        """Repeat, and recognise an own earlier try."""
        return self._write(key, body, lambda: self._inner.put_if_absent(key, body))

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Repeat, and recognise an own earlier try."""
        return self._write(key, body, lambda: self._inner.replace(key, body, tag))

    def keys(self, prefix: str = "", *, start_after: str = "") -> Iterator[str]:
        """Go on after the last key that was yielded, with all attempts again."""
        last = start_after
        while True:
            listing = iter(self._inner.keys(prefix, start_after=last))
            try:
                for key in listing:
                    last = key
                    yield key
            except StoreUnavailable:
                call(partial(self._first, prefix, last), self._policy, self._clock)
            else:
                return

    def delete(self, key: str) -> None:
        """Repeat freely: it is idempotent."""
        call(lambda: self._inner.delete(key), self._policy, self._clock)

    def _first(self, prefix: str, after: str) -> None:
        """List until the store answers again."""
        next(iter(self._inner.keys(prefix, start_after=after)), None)

    def _write(self, key: str, body: bytes, write: Callable[[], str]) -> str:
        unsure = False

        def attempt() -> str:
            nonlocal unsure
            try:
                return write()
            except StoreUnavailable:
                unsure = True
                raise
            except PreconditionFailed:
                mine = self._tag_of(key, body) if unsure else None
                if mine is None:
                    raise
                return mine

        return call(attempt, self._policy, self._clock)

    def _tag_of(self, key: str, body: bytes) -> str | None:
        try:
            found = self._inner.get(key)
        except ObjectMissing:
            return None
        return found.tag if found.body == body else None
