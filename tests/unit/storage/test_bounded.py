"""An object that should be small is read within a bound, whatever its size is."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kled.errors import DocumentDamaged, ObjectMissing, PreconditionFailed, StoreUnavailable
from kled.storage.base import Reading, Stored
from kled.storage.bounded import get_bounded
from kled.storage.memory import MemoryStore

MEGABYTE = 1 << 20


class _Large:
    """A body of `megabytes`, made chunk by chunk; says that it has `size` bytes."""

    def __init__(self, megabytes: int, size: int) -> None:
        self.size = size
        self.tag = "a tag"
        self.sent = 0
        self._megabytes = megabytes

    def chunks(self) -> Iterator[bytes]:
        for _ in range(self._megabytes):
            self.sent += 1
            yield bytes(MEGABYTE)


class _LargeStore(MemoryStore):
    """Holds one object of any size under every key."""

    def __init__(self, body: _Large) -> None:
        super().__init__(name="large")
        self._body = body

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        yield self._body


def test_a_small_object_is_read_with_its_tag() -> None:
    store = MemoryStore()
    tag = store.put("a", b"body")

    assert get_bounded(store, "a", limit=4) == Stored(b"body", tag)
    with pytest.raises(ObjectMissing):
        get_bounded(store, "b")


def test_of_600_megabytes_nothing_is_read() -> None:  # fault 84
    body = _Large(600, 600 * MEGABYTE)

    with pytest.raises(DocumentDamaged, match=r"memory://large/runs/x.json is damaged: .* larger"):
        get_bounded(_LargeStore(body), "runs/x.json")

    assert body.sent == 0


def test_an_object_that_tells_a_false_size_is_given_up_at_the_bound() -> None:
    body = _Large(600, 10)

    with pytest.raises(DocumentDamaged, match="it is larger than 4194304 bytes"):
        get_bounded(_LargeStore(body), "runs/x.json", what="it")

    assert body.sent == 5


class _ChangingStore(MemoryStore):
    """Breaks its first `breaks` readings off, with the object written again before it goes on."""

    def __init__(self, breaks: int) -> None:
        super().__init__(name="changing")
        self._breaks = breaks

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[Reading]:
        if self._breaks:
            self._breaks -= 1
            raise PreconditionFailed("it has another tag now")
        with super().read(key, tag=tag, version=version, start=start) as reading:
            yield reading


def test_an_object_that_is_written_again_while_it_is_read_is_read_from_the_start() -> None:
    store = _ChangingStore(breaks=2)
    store.put("a", b"body")

    assert get_bounded(store, "a").body == b"body"


def test_an_object_that_changes_each_time_may_be_tried_again_later() -> None:
    store = _ChangingStore(breaks=3)
    store.put("a", b"body")

    with pytest.raises(StoreUnavailable, match="memory://changing/a is written faster"):
        get_bounded(store, "a")
