"""Stores that never answer, or answer at the very first only: given up in a known time (100)."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kled.errors import StoreUnavailable
from kled.retry import CHANGE, Clock
from kled.retry import call as repeat
from kled.storage.memory import MemoryStore
from kled.storage.retrying import RetryingStore
from tests.stores import CountingStore, FailingStore, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kled.storage.base import Entry, Reading, Version


class Slow:
    """Seconds pass where a store is silent, and in pauses."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: 0.0)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Silent(Watched):
    """Each request is given up after ten seconds."""

    def __init__(self, time: Slow) -> None:
        super().__init__(MemoryStore(versioned=True))
        self._time = time

    def _meet(self, method: str, key: str, call: Callable[[], object]) -> object:  # type: ignore[override]
        self._time.sleep(10)
        raise StoreUnavailable(f"no answer to {method} of {key}")


CALLS = ["get", "read", "put", "put_if_absent", "replace", "write", "entries", "versions", "delete"]


def ask(store: RetryingStore, call: str) -> object:
    match call:
        case "read":
            return store.read("key").__enter__()
        case "put" | "put_if_absent":
            return getattr(store, call)("key", b"")
        case "replace":
            return store.replace("key", b"", "tag")
        case "write":
            return store.write("key", [b""])
        case "entries" | "versions":
            return list(getattr(store, call)())
        case _:
            return getattr(store, call)("key")


@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_never_answers_is_given_up_within_a_minute(call: str) -> None:  # fault 100
    time = Slow()

    with pytest.raises(StoreUnavailable) as raised:
        ask(RetryingStore(Silent(time), time.clock()), call)

    assert raised.value.retryable
    assert time.seconds < 60


def test_a_step_that_is_repeated_as_a_whole_is_given_up_within_six_minutes() -> None:  # fault 100
    time = Slow()
    store = RetryingStore(Silent(time), time.clock())

    with pytest.raises(StoreUnavailable):
        repeat(lambda: store.get("key"), CHANGE, time.clock())

    assert time.seconds < 6 * 60


def test_a_silent_source_is_not_asked_anew_for_each_try_of_its_target() -> None:
    """A mirror between two stores took four times four tries (fault 100)."""
    time = Slow()
    source = RetryingStore(Silent(time), time.clock())
    counted = CountingStore(MemoryStore())
    target = RetryingStore(counted, time.clock())

    class Copied:
        def __iter__(self) -> Iterator[bytes]:
            with source.read("key") as reading:
                yield from reading.chunks()

    with pytest.raises(StoreUnavailable, match="no answer to read of key"):
        target.write("copy", Copied())

    assert time.seconds < 60
    assert counted.counts["write"] == 1


def test_a_target_that_fails_once_is_still_tried_again() -> None:
    time = Slow()
    inner = MemoryStore()
    target = RetryingStore(FailingStore(inner, at=1), time.clock())

    target.write("copy", [b"bytes"])

    assert inner.get("copy").body == b"bytes"


class Flapping(MemoryStore):
    """One entry can be had at any time, and no listing."""

    asked = 0

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        self.asked += 1
        if self.asked % 2:
            raise StoreUnavailable("no answer")
        yield from super().entries(prefix, start_after=start_after)

    def versions(self, prefix: str = "") -> Iterator[Version]:
        self.asked += 1
        if self.asked % 2:
            raise StoreUnavailable("no answer")
        yield from super().versions(prefix)


@pytest.mark.parametrize("call", ["entries", "versions"])
def test_a_listing_that_never_begins_is_not_begun_for_ever(call: str) -> None:  # fault 100
    store, time = Flapping(versioned=True), Slow()
    store.put("a", b"")
    asking = RetryingStore(store, time.clock())

    with pytest.raises(StoreUnavailable):
        list(itertools.islice(getattr(asking, call)(), 5))

    assert store.asked < 20


class Crawling(MemoryStore):
    """A byte comes each half minute, and each answer is broken off after ten of them."""

    def __init__(self, time: Slow) -> None:
        super().__init__()
        self._time = time

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        time = self._time

        class Broken:
            size, tag = 1 << 30, "tag"

            def chunks(self) -> Iterator[bytes]:
                for _ in range(10):
                    time.sleep(30)
                    yield b"x"
                raise StoreUnavailable("it took too long")

        yield Broken()


def test_a_body_that_crawls_is_given_up_though_it_moves() -> None:  # fault 100
    time = Slow()
    store = RetryingStore(Crawling(time), time.clock())

    with pytest.raises(StoreUnavailable, match="it took too long"), store.read("key") as reading:
        for _ in reading.chunks():
            pass

    assert time.seconds == 4 * 10 * 30
