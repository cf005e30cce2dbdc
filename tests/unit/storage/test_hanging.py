"""Each kind of store, at a real server that hangs: every call ends in its time (fault 100)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import StoreUnavailable
from kled.retry import Clock
from kled.storage.base import Location
from kled.storage.timeouts import DEFAULT, Timeouts
from kled.storage.url import adapter, open_store
from tests.unit.storage.hanging import HALF, hanging

if TYPE_CHECKING:
    from collections.abc import Callable

    from kled.storage.base import ObjectStore

CLOCK = Clock(time.monotonic, time.sleep)
SHORT = Timeouts(
    connect=timedelta(seconds=0.3),
    silence=timedelta(seconds=0.3),
    after_body=timedelta(seconds=0.5),
    whole=timedelta(seconds=1),
)
PATIENCE = 30
"""Seconds that tell a call that ends from one that hangs, on a machine that is busy."""
STORES: dict[str, Callable[[str], tuple[str, dict[str, str]]]] = {
    "s3": lambda url: (
        "s3://bucket/at",
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": url},
    ),
    "gs": lambda url: ("gs://bucket/at", {"STORAGE_EMULATOR_HOST": url}),
    "azure": lambda url: (
        "azureblob://account/container/at",
        {"AZURE_STORAGE_KEY": "a2V5", "AZURE_STORAGE_BLOB_ENDPOINT": url},
    ),
}


def calls(store: ObjectStore) -> dict[str, Callable[[], object]]:
    return {
        "get": lambda: store.get("key"),
        "put": lambda: store.put("key", b"body"),
        "create": lambda: store.put_if_absent("key", b"body"),
        "replace": lambda: store.replace("key", b"body", "1"),
        "large": lambda: store.write("key", [b"x" * (9 << 20)]),
        "list": lambda: list(store.entries()),
        "delete": lambda: store.delete("key"),
    }


def ended(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - it is looked at
        return error
    return None


@pytest.mark.parametrize("kind", STORES)
def test_a_store_that_takes_the_connection_and_never_answers(kind: str) -> None:  # fault 100
    with hanging() as url, ThreadPoolExecutor() as pool:
        location, env = STORES[kind](url)
        store = adapter(Location(location), env, CLOCK, SHORT)
        asked = {name: pool.submit(ended, call) for name, call in calls(store).items()}

        for name, future in asked.items():
            error = future.result(PATIENCE)

            assert isinstance(error, StoreUnavailable), (name, error)
            assert error.retryable
            assert location in error.message
            assert "no answer" in error.message or "timeout" in error.message


@pytest.mark.parametrize("kind", STORES)
def test_a_store_that_stops_in_the_middle_of_a_body(kind: str) -> None:  # fault 100
    with hanging(HALF) as url, ThreadPoolExecutor() as pool:
        location, env = STORES[kind](url)
        store = adapter(Location(location), env, CLOCK, SHORT)
        reads = {name: call for name, call in calls(store).items() if name in {"get", "list"}}
        asked = {name: pool.submit(ended, call) for name, call in reads.items()}

        for name, future in asked.items():
            assert isinstance(future.result(PATIENCE), StoreUnavailable), name


@pytest.mark.parametrize("kind", ["s3", "azure"])
def test_a_body_that_comes_byte_by_byte_ends(kind: str) -> None:  # another member of fault 100
    with hanging(HALF, then=b"x", each=0.1) as url:
        location, env = STORES[kind](url)
        store = adapter(Location(location), env, CLOCK, SHORT)
        began = time.monotonic()

        assert isinstance(ended(lambda: store.get("key")), StoreUnavailable)

        assert time.monotonic() - began < PATIENCE


def test_what_is_given_up_says_where_to_look() -> None:
    hasty = Clock(time.monotonic, lambda _seconds: None)
    with hanging() as url:
        location, env = STORES["s3"](url)
        store = open_store(Location(location), env=env, clock=hasty, timeouts=SHORT)

        with pytest.raises(StoreUnavailable, match="no answer came in time") as raised:
            store.get("key")

    assert str(raised.value.hint).startswith(f"look at {url} and the way to it")


def test_four_silences_are_less_than_a_minute() -> None:
    assert 4 * DEFAULT.silence + timedelta(seconds=5) < timedelta(minutes=1)
