"""What nobody can delete before its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import CapabilityMissing, PreconditionFailed, StoreError
from kled.storage.s3.errors import translated
from tests.conformance import places
from tests.stores import keys

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore
    from tests.conformance.places import Place

UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
LARGE = bytes(6 << 20)


def test_a_store_that_cannot_retain_says_so_and_writes_nothing(store: ObjectStore) -> None:
    with pytest.raises(CapabilityMissing):
        store.put_if_absent("key", b"body", retain_until=UNTIL)
    with pytest.raises(CapabilityMissing):
        store.write("key", [LARGE], retain_until=UNTIL)

    assert keys(store) == []


@pytest.fixture
def locking(request: pytest.FixtureRequest) -> Place:
    """A bucket with object lock, which moto does not enforce for multipart uploads."""
    return places.made("minio", request, versioned=True)


@pytest.mark.emulators
@pytest.mark.parametrize("body", [b"small", LARGE], ids=["small", "large"])
def test_a_retained_object_cannot_be_removed_before_its_time(locking: Place, body: bytes) -> None:
    store, client = locking.open(), places.s3_client(locking)
    store.write("key", [body], retain_until=UNTIL)
    (version,) = store.versions("key")

    with pytest.raises(StoreError, match="WORM protected"), translated("key"):
        client.delete_object(Bucket=locking.bucket, Key="key", VersionId=version.version)

    told = client.get_object_retention(Bucket=locking.bucket, Key="key")["Retention"]
    assert (told["Mode"], told["RetainUntilDate"]) == ("GOVERNANCE", UNTIL)
    store.delete("key")
    assert store.get("key", version=version.version).body == body
    with pytest.raises(PreconditionFailed):
        store.put_if_absent("other", b"1") and store.put_if_absent(
            "other", b"2", retain_until=UNTIL
        )


@pytest.mark.emulators
def test_the_bucket_s_own_mode_is_used(locking: Place) -> None:
    client = places.s3_client(locking)
    client.put_object_lock_configuration(
        Bucket=locking.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    )

    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    locking.open().put_if_absent("key", b"body", retain_until=soon)

    told = client.get_object_retention(Bucket=locking.bucket, Key="key")["Retention"]
    assert (told["Mode"], told["RetainUntilDate"]) == ("COMPLIANCE", soon)
