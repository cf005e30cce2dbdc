"""A store that does not answer once, at any call, before or after it did what was asked."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from kled.errors import PreconditionFailed, StoreUnavailable
from kled.retry import Clock
from kled.storage.retrying import RetryingStore
from tests.stores import CountingStore, FailingStore, keys

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

NO_WAIT = Clock(time.monotonic, lambda _seconds: None)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whatever_call_fails_once_nobody_notices(store: ObjectStore, after: bool) -> None:
    expected = used(store, "undisturbed/")

    for number in itertools.count(1):
        failing = FailingStore(store, at=number, after=after)
        prefix = f"call-{number}/"

        assert used(RetryingStore(failing, NO_WAIT), prefix) == expected, failing.failed

        if failing.failed is None:
            break
    assert number > len(expected)


def test_a_store_that_is_gone_for_good_is_reported_and_an_iterator_is_not_read_twice(
    store: ObjectStore,
) -> None:
    gone = RetryingStore(FailingStore(store, at=1, for_good=True), NO_WAIT)

    for call in (
        lambda: gone.get("key"),
        lambda: gone.put("key", b""),
        lambda: gone.put_if_absent("key", b""),
        lambda: gone.write("key", [b""]),
        lambda: gone.delete("key"),
        lambda: keys(gone),
        lambda: gone.read("key").__enter__(),
    ):
        with pytest.raises(StoreUnavailable):
            call()
    counted = CountingStore(FailingStore(store, at=1))
    with pytest.raises(StoreUnavailable):
        RetryingStore(counted, NO_WAIT).write("key", iter([b"once"]))
    assert counted.counts["write"] == 1
    assert keys(store) == []


def used(store: ObjectStore, prefix: str) -> list[object]:
    """Use every method; return what was seen, without what differs from run to run."""
    seen: list[object] = []
    first = store.put_if_absent(f"{prefix}a", b"first")
    seen.append(store.get(f"{prefix}a", tag=first).body)
    second = store.replace(f"{prefix}a", b"second", first)
    with pytest.raises(PreconditionFailed):
        store.replace(f"{prefix}a", b"third", first)
    store.put(f"{prefix}b", b"b")
    store.write(f"{prefix}c/d", [b"some ", b"pieces"])
    with pytest.raises(PreconditionFailed):
        store.write(f"{prefix}c/d", [b"other"])
    store.write(f"{prefix}c/e", [b"e"], absent=False)
    with store.read(f"{prefix}a", tag=second) as reading:
        seen += [b"".join(reading.chunks()), reading.size]
    seen += [(entry.key.removeprefix(prefix), entry.size) for entry in store.entries(prefix)]
    store.delete(f"{prefix}b")
    seen.append([key.removeprefix(prefix) for key in keys(store, prefix)])
    return seen
