"""Bytes that get damaged on the way are refused by the store itself, and worth another try."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from kled.errors import StoreUnavailable
from kled.storage.base import Location
from kled.storage.url import adapter
from tests.conformance import places
from tests.conformance.damaging import SENT, damaging
from tests.stores import Sized, keys

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

ENDPOINTS = {
    "minio": "AWS_ENDPOINT_URL",
    "fake-gcs-server": "STORAGE_EMULATOR_HOST",
    "azurite": "AZURE_STORAGE_BLOB_ENDPOINT",
}


@pytest.mark.emulators
@pytest.mark.parametrize("kind", ENDPOINTS)
def test_a_damaged_write_leaves_nothing(request: pytest.FixtureRequest, kind: str) -> None:
    place, variable = places.made(kind, request), ENDPOINTS[kind]

    with damaging(place.env[variable]) as url:
        store: ObjectStore = adapter(
            Location(place.url), {**place.env, variable: url}, places.CLOCK
        )
        assert store.put("undamaged", b"body")
        for write in (
            partial(store.put, "small", b"some " + SENT),
            partial(store.put_if_absent, "small", b"some " + SENT),
            partial(store.write, "large", [bytes(9 << 20), SENT]),
            partial(store.write, "whole", Sized([bytes(9 << 20), SENT])),
        ):
            with pytest.raises(StoreUnavailable):
                write()

    assert keys(place.open()) == ["undamaged"]
