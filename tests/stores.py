"""Stores for tests: ones that fail when told to, and ones that count."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

from kled.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from kled.storage.base import Entry, Location, ObjectStore, Reading, Stored, Version

T = TypeVar("T")


def keys(store: ObjectStore, prefix: str = "", *, start_after: str = "") -> list[str]:
    """The keys of a listing."""
    return [entry.key for entry in store.entries(prefix, start_after=start_after)]


class Sized:
    """Chunks that tell their size and begin anew each time; `begun` says how often they did."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks
        self.size = sum(map(len, chunks))
        self.begun = 0

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        return iter(self._chunks)


_PAGE = 1000
_KINDS = {"entries": "LIST", "get": "GET", "read": "GET", "delete": "DELETE", "chunk": ""}


class Watched:
    """Passes every call on, through `_meet`, which subclasses override.

    A call is one method; a reading or a listing is one call for each chunk or entry, too.
    """

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner

    @property
    def location(self) -> Location:
        return self.inner.location

    @property
    def seeks(self) -> bool:
        return self.inner.seeks

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        return self._meet("get", key, lambda: self.inner.get(key, tag=tag, version=version))

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        with ExitStack() as stack:
            inner = self.inner.read(key, tag=tag, version=version, start=start)
            reading = self._meet("read", key, lambda: stack.enter_context(inner))
            yield _WatchedReading(reading, key, self._pieces)

    def put(self, key: str, body: bytes) -> str:
        return self._meet("put", key, lambda: self.inner.put(key, body))

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        return self._meet(
            "put_if_absent",
            key,
            lambda: self.inner.put_if_absent(key, body, retain_until=retain_until),
        )

    def replace(self, key: str, body: bytes, tag: str) -> str:
        return self._meet("replace", key, lambda: self.inner.replace(key, body, tag))

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        return self._meet(
            "write",
            key,
            lambda: self.inner.write(key, chunks, absent=absent, retain_until=retain_until),
        )

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        return self._pieces("entry", prefix, self.inner.entries(prefix, start_after=start_after))

    def versions(self, prefix: str = "") -> Iterator[Version]:
        return self._pieces("version", prefix, self.inner.versions(prefix))

    def delete(self, key: str) -> None:
        return self._meet("delete", key, lambda: self.inner.delete(key))

    def _pieces(self, method: str, key: str, pieces: Iterator[T]) -> Iterator[T]:
        waiting = iter(pieces)
        end = object()
        while (piece := self._meet(method, key, lambda: next(waiting, end))) is not end:
            yield piece  # type: ignore[misc]  # not the end

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        return call()


class _WatchedReading:
    def __init__(
        self,
        inner: Reading,
        key: str,
        pieces: Callable[[str, str, Iterator[bytes]], Iterator[bytes]],
    ) -> None:
        self.size, self.tag = inner.size, inner.tag
        self._inner, self._key, self._pieces = inner, key, pieces

    def chunks(self) -> Iterator[bytes]:
        return self._pieces("chunk", self._key, self._inner.chunks())


class FailingStore(Watched):
    """Raises `StoreUnavailable` at the `at`-th call, counted from 1, before or after its effect.

    `for_good` makes every later call fail as well, as for one whose network is gone. `calls` tells
    how many there were, so that a test can go through all of them; `failed` names the one that did.
    """

    def __init__(
        self, inner: ObjectStore, *, at: int, after: bool = False, for_good: bool = False
    ) -> None:
        super().__init__(inner)
        self._at, self._after, self._for_good = at, after, for_good
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.calls = 0
        self.failed: str | None = None

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        with self._lock:
            self.calls = number = next(self._numbers)
        fails = number == self._at or (self._for_good and number > self._at)
        if not fails:
            return call()
        self.failed = self.failed or f"{method} {key}"
        if self._after:
            call()
        raise StoreUnavailable(f"call {number}, {method} of {key}, got no answer")


class BilledStore(Watched):
    """Counts requests as a cloud does: a listing costs one for each thousand entries it reads."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()

    def bill(self) -> dict[str, int]:
        """Return how many LIST, GET, PUT and DELETE there were since the last bill."""
        found, self.requests = dict(self.requests), Counter()
        return found

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        self._meet("entries", prefix, lambda: None)
        for number, entry in enumerate(self.inner.entries(prefix, start_after=start_after)):
            if number and number % _PAGE == 0:
                self._meet("entries", prefix, lambda: None)
            yield entry

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        kind = _KINDS.get(method, "PUT")
        if kind:
            with self._lock:
                self.requests[kind] += 1
        return call()


class CountingStore(Watched):
    """Counts calls by method: `get`, `read`, `chunk`, `put`, `entry`, and so on."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.keys: list[tuple[str, str]] = []

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        with self._lock:
            self.counts[method] += 1
            self.keys.append((method, key))
        return call()
