"""Every kind of store, empty."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kled.retry import Clock
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from kled.storage.retrying import RetryingStore
from tests.conformance import places

if TYPE_CHECKING:
    from pathlib import Path

    from kled.storage.base import ObjectStore

CLOCK = Clock(time.monotonic, time.sleep)


EMULATORS = ["minio", "fake-gcs-server", "azurite"]
"""With `below`, the store is a prefix of its bucket."""


@pytest.fixture(
    params=[
        *("memory", "local", "s3", "s3 below", "retrying"),
        *(
            pytest.param(f"{name}{below}", marks=pytest.mark.emulators)
            for name in EMULATORS
            for below in ("", " below")
        ),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """One empty store of each kind; every test of this directory runs on all."""
    match request.param:
        case "memory":
            return MemoryStore()
        case "local":
            return LocalStore(tmp_path, CLOCK)
        case "retrying":
            return RetryingStore(MemoryStore(), CLOCK)
        case kind:
            place = places.made(kind.removesuffix(" below"), request)
            return place.open("one/two" if kind.endswith(" below") else "")


@pytest.fixture(
    params=[
        "memory",
        "s3",
        pytest.param("minio", marks=pytest.mark.emulators),
        pytest.param("fake-gcs-server", marks=pytest.mark.emulators),
    ]
)
def versioned(request: pytest.FixtureRequest) -> ObjectStore:
    """An empty store that keeps older versions. Azurite keeps none."""
    if request.param == "memory":
        return MemoryStore(versioned=True)
    return places.made(request.param, request, versioned=True).open()
