"""What may stand in the place of a lease, and stores that contradict themselves (fault 91)."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import LeaseHeld, PreconditionFailed, StoreError
from kled.lease import Terms
from kled.lease.document import LARGEST, Lease, encode, key
from kled.lease.writes import acquire, advance, require_unheld
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from kled.storage.retrying import RetryingStore
from tests.stores import Watched
from tests.unit.lease.test_lease import CLUSTER, ME, TTL, YOU, FakeTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kled.storage.base import ObjectStore, Reading, Stored

TERMS = Terms(TTL, timedelta(seconds=65))


def directory(place: Path) -> None:
    place.mkdir()


def full_directory(place: Path) -> None:
    (place / "more").mkdir(parents=True)


def fifo(place: Path) -> None:
    os.mkfifo(place)


def link(place: Path) -> None:
    place.symlink_to(place.with_name("elsewhere"))


def link_to_a_lease(place: Path) -> None:
    other = place.with_name("elsewhere")
    other.write_bytes(encode(Lease(CLUSTER, YOU, TTL, 1).released()))
    place.symlink_to(other)


def large_file(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(1 << 40)


def garbage(place: Path) -> None:
    place.write_bytes(b"\0" * 100)


@pytest.mark.parametrize(
    "make", [directory, full_directory, fifo, link, link_to_a_lease, large_file, garbage]
)
def test_what_is_no_lease_is_one_clear_error_at_once(  # fault 91
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    place = tmp_path / key(CLUSTER)
    place.parent.mkdir(parents=True)
    make(place)
    time = FakeTime()
    store = RetryingStore(LocalStore(tmp_path, time.clock()), time.clock())

    with pytest.raises(StoreError) as raised:
        acquire(store, CLUSTER, writer=ME, terms=TERMS, clock=time.clock())

    assert f"{tmp_path.as_uri()}/{key(CLUSTER)}" in raised.value.message
    assert raised.value.hint
    assert time.seconds == 0
    assert not raised.value.retryable


@pytest.mark.parametrize("parent", [".kled", ".kled/leases"])
@pytest.mark.parametrize("make", [fifo, link, garbage])
def test_what_stands_in_the_place_of_its_directory_is_named(  # another member of fault 91
    make: Callable[[Path], None], parent: str, tmp_path: Path
) -> None:
    (tmp_path / parent).parent.mkdir(exist_ok=True)
    make(tmp_path / parent)
    time = FakeTime()

    with pytest.raises(StoreError) as raised:
        acquire(
            LocalStore(tmp_path, time.clock()), CLUSTER, writer=ME, terms=TERMS, clock=time.clock()
        )

    assert parent in raised.value.message
    assert time.seconds == 0


class Refusing(MemoryStore):
    """Refuses each conditional write, as a store may whose listing and writing disagree."""

    writes = 0

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        self.writes += 1
        raise PreconditionFailed(f"{key} is there")

    def replace(self, key: str, body: bytes, tag: str) -> str:
        self.writes += 1
        raise PreconditionFailed(f"{key} is not what it was")


@pytest.mark.parametrize("there", [None, Lease(CLUSTER, YOU, TTL, 1).released()])
def test_a_store_that_refuses_each_try_is_given_up_and_not_asked_for_ever(  # fault 91
    there: Lease | None,
) -> None:
    store, time = Refusing(), FakeTime()
    if there is not None:
        store.put(key(CLUSTER), encode(there))

    with pytest.raises(StoreError, match="cannot be written: the store refuses each try"):
        acquire(store, CLUSTER, writer=ME, terms=TERMS, clock=time.clock())

    assert store.writes == 5
    assert len(time.naps) == 4
    assert 0.5 < time.seconds < 5


class Busy(Watched):
    """Another writer takes and releases the lease before each try."""

    token = 0

    def replace(self, key: str, body: bytes, tag: str) -> str:
        self._change()
        return super().replace(key, body, tag)

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        self._change()
        return super().put_if_absent(key, body)

    def _change(self) -> None:
        self.token += 1
        self.inner.put(key(CLUSTER), encode(Lease(CLUSTER, YOU, TTL, self.token).released()))


def test_who_is_always_too_late_gives_up_when_the_wait_is_over() -> None:  # fault 91
    store, time = Busy(MemoryStore()), FakeTime()

    with pytest.raises(LeaseHeld, match=r"others took the lease of c.example.com each of the"):
        acquire(store, CLUSTER, writer=ME, terms=TERMS, clock=time.clock())

    assert 65 <= time.seconds < 70
    assert store.token < 100


class Endless(MemoryStore):
    """A lease without an end; `sent` says how much of it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        raise AssertionError(f"{key} was asked for whole")

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        yield _EndlessReading(self)


class _EndlessReading:
    size, tag = 0, "1"

    def __init__(self, store: Endless) -> None:
        self._store = store

    def chunks(self) -> Iterator[bytes]:
        while True:
            self._store.sent += 1 << 16
            yield b" " * (1 << 16)


@pytest.mark.parametrize("ask", ["acquire", "advance"])
def test_no_more_of_a_lease_is_read_than_a_lease_has(ask: str) -> None:  # leases read unbounded
    store: ObjectStore = Endless()
    lease = Lease(CLUSTER, ME, TTL, 1)

    with pytest.raises(StoreError, match="cannot be read: it is larger than"):
        if ask == "acquire":
            acquire(store, CLUSTER, writer=ME, terms=TERMS, clock=FakeTime().clock())
        else:
            advance(store, lease, "an old tag")

    assert store.sent <= 2 * LARGEST  # type: ignore[attr-defined]


def test_whoever_goes_without_a_lease_goes_not_over_another_writer() -> None:
    """A cluster was deleted with `--no-lease` while an update held it."""
    store, now = MemoryStore(), datetime.now(UTC)
    require_unheld(store, CLUSTER, now=now, clock=FakeTime().clock())
    store.put(key(CLUSTER), encode(Lease(CLUSTER, YOU, TTL, 1)))

    with pytest.raises(LeaseHeld, match=YOU.owner) as refused:
        require_unheld(store, CLUSTER, now=now, clock=FakeTime().clock())

    assert "--no-lease is for state stores without conditional writes" in str(refused.value.hint)
    require_unheld(store, CLUSTER, now=now + 2 * TTL, clock=FakeTime().clock())  # it is dead
    store.put(key(CLUSTER), encode(Lease(CLUSTER, YOU, TTL, 1).released()))
    require_unheld(store, CLUSTER, now=now, clock=FakeTime().clock())
