"""A store is tried by doing to one object what kled does there. Fault 33."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

from kled.errors import CapabilityMissing, PreconditionFailed, StoreDenied, StoreError
from kled.storage.memory import MemoryStore
from kled.storage.write_trial import KEY, try_out
from tests.stores import Watched, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from kled.storage.base import Reading

T = TypeVar("T")


class Refusing(Watched):
    """Denies some methods, as a role that lacks their permission."""

    def __init__(self, *methods: str) -> None:
        super().__init__(MemoryStore())
        self.methods = methods

    def _meet(self, method: str, key: str, call: Callable[[], T]) -> T:
        if method in self.methods:
            raise StoreDenied(f"{key}: access denied")
        return call()


class Careless(Watched):
    """Knows no conditions, as many S3-compatible services: it ignores them."""

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        return self.inner.put(key, body)

    def replace(self, key: str, body: bytes, tag: str) -> str:
        return self.inner.put(key, body)


class Unable(Careless):
    """Says that it has no conditions."""

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        raise CapabilityMissing("not implemented")


class Strict(Careless):
    """Refuses whatever has a condition: an `If-Match` that holds, too."""

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        raise PreconditionFailed("no")

    def replace(self, key: str, body: bytes, tag: str) -> str:
        raise PreconditionFailed("no")


class Lying(Watched):
    """Gives back something else than was written, as a cache in between."""

    stale = MemoryStore()

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        with self.stale.read(key, tag=tag, version=version, start=start) as reading:
            yield reading


class Crowded(Watched):
    """Where another doctor's trial removes the probe in the middle, the first times."""

    def __init__(self, times: int) -> None:
        super().__init__(MemoryStore())
        self.times = times

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        if self.times:
            self.times -= 1
            self.inner.delete(key)
        return super().put_if_absent(key, body, retain_until=retain_until)


def test_all_is_tried_and_nothing_is_left() -> None:
    store = MemoryStore()

    found = try_out(store)

    assert (found.conditional, found.removed) == (True, True)
    assert found.date is not None
    assert keys(store) == []


def test_what_a_killed_doctor_left_is_removed_by_the_next() -> None:
    store = MemoryStore()
    store.put(KEY, b"kled doctor tries whether")

    assert try_out(store).conditional
    assert keys(store) == []


def test_a_store_that_may_be_read_alone_raises() -> None:
    with pytest.raises(StoreDenied, match="access denied"):
        try_out(Refusing("put"))


def test_who_may_not_delete_is_told_apart() -> None:
    found = try_out(Refusing("delete"))

    assert (found.conditional, found.removed) == (True, False)


@pytest.mark.parametrize("kind", [Careless, Unable])
def test_conditions_that_are_ignored_are_seen(kind: type[Watched]) -> None:
    store = kind(MemoryStore())

    assert not try_out(store).conditional
    assert keys(store) == []


def test_conditions_that_hold_and_are_refused_are_no_conditions() -> None:
    store = Strict(MemoryStore())

    with pytest.raises(PreconditionFailed):
        try_out(store)
    assert keys(store) == []


def test_another_doctor_at_the_same_moment_is_no_finding() -> None:
    assert try_out(Crowded(2)).conditional


def test_what_is_read_back_must_be_what_was_written() -> None:
    Lying.stale.put(KEY, b"something else")

    with pytest.raises(StoreError, match="is not what was just written"):
        try_out(Lying(MemoryStore()))
