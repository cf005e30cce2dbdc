"""Every kind of store, empty."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest

from kled.retry import Clock
from kled.storage.base import Location, ObjectStore
from kled.storage.local import LocalStore
from kled.storage.memory import MemoryStore
from kled.storage.retrying import RetryingStore
from kled.storage.url import open_store
from tests.conformance import moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLOCK = Clock(time.monotonic, time.sleep)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with moto_server.running() as endpoint:
        yield endpoint


@pytest.fixture(params=["memory", "local", "s3", "s3 below a prefix", "retrying"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """One empty store of each kind; every test of this directory runs on all."""
    match request.param:
        case "memory":
            return MemoryStore()
        case "local":
            return LocalStore(tmp_path, CLOCK)
        case "retrying":
            return RetryingStore(MemoryStore(), CLOCK)
        case _:
            return _s3(request)


def _s3(request: pytest.FixtureRequest) -> ObjectStore:
    bucket = f"b-{uuid.uuid4()}"
    endpoint = request.getfixturevalue("s3_endpoint")
    moto_server.client(endpoint).create_bucket(Bucket=bucket)
    prefix = "/one/two" if "prefix" in request.param else ""
    return open_store(
        Location(f"s3://{bucket}{prefix}"), env=moto_server.environment(endpoint), clock=CLOCK
    )
