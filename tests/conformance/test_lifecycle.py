"""What becomes of a bucket's objects by themselves, as each kind of store tells it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from kled.errors import BucketMissing, CapabilityMissing, StoreDenied
from kled.storage import safety
from kled.storage.base import Location
from kled.storage.lifecycle_rules import Lifecycle, LifecycleRule
from tests.conformance import moto_server
from tests.emulators import servers
from tests.unit.storage.answering import Answer, answering

if TYPE_CHECKING:
    from pathlib import Path

RULES: list[Any] = [
    {
        "ID": "tidy",
        "Status": "Enabled",
        "Filter": {"Prefix": "backups/"},
        "Expiration": {"Days": 9},
    },
    {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}},
    {
        "ID": "tagged",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "t", "Value": "1"}]}},
        "Expiration": {"Days": 2},
    },
    {
        "ID": "older",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    },
]
TOLD = {
    "tidy": LifecycleRule("tidy", ("backups/",), deletes="after 9 days"),
    "tagged": LifecycleRule("tagged", ("a/",), deletes="after 2 days", tags=("t=1",)),
    "older": LifecycleRule("older", forgets="after 30 days"),
}
DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
NOT_THERE = b"<Error><Code>NotImplemented</Code><Message>no</Message></Error>"


def by_name(lifecycle: Lifecycle) -> dict[str, LifecycleRule]:
    return {rule.name: rule for rule in lifecycle.rules}


def test_the_rules_of_a_bucket_are_those_that_act(s3_endpoint: str) -> None:
    bucket, env = f"b-{uuid.uuid4()}", moto_server.environment(s3_endpoint)
    client = moto_server.client(s3_endpoint)
    client.create_bucket(Bucket=bucket)
    place = Location(f"s3://{bucket}/kops")

    bare = safety.lifecycle_of(place, env=env)
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": RULES}
    )
    ruled = safety.lifecycle_of(place, env=env)

    assert (bare.rules, bare.locked) == ((), False)
    assert by_name(ruled) == TOLD
    assert "get-bucket-lifecycle-configuration" in ruled.look


def test_a_bucket_that_locks_versions_says_so(s3_endpoint: str) -> None:
    bucket, env = f"b-{uuid.uuid4()}", moto_server.environment(s3_endpoint)
    moto_server.client(s3_endpoint).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)

    assert safety.lifecycle_of(Location(f"s3://{bucket}"), env=env).locked


def test_a_bucket_that_is_not_there_has_no_rules_to_tell(s3_endpoint: str) -> None:
    place = Location(f"s3://b-{uuid.uuid4()}")

    with pytest.raises(BucketMissing):
        safety.lifecycle_of(place, env=moto_server.environment(s3_endpoint))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(403, DENIED, {"Content-Type": "application/xml"}), StoreDenied),
        (Answer(501, NOT_THERE, {"Content-Type": "application/xml"}), CapabilityMissing),
    ],
)
def test_rules_that_may_not_be_asked_for_are_not_none(
    answer: Answer, error: type[Exception]
) -> None:
    with answering(lambda _asked: answer) as service, pytest.raises(error):
        safety.lifecycle_of(Location("s3://bucket"), env=moto_server.environment(service.url))


def test_whether_versions_lock_may_be_denied_alone() -> None:
    empty = b"<LifecycleConfiguration></LifecycleConfiguration>"
    kind = {"Content-Type": "application/xml"}

    def answer(asked: Any) -> Answer:
        return (
            Answer(403, DENIED, kind) if "object-lock" in asked.path else Answer(200, empty, kind)
        )

    with answering(answer) as service:
        told = safety.lifecycle_of(
            Location("s3://bucket"), env=moto_server.environment(service.url)
        )

    assert (told.rules, told.locked) == ((), False)


@pytest.mark.emulators
def test_minio_tells_its_rules_in_its_own_shape(minio: str) -> None:
    bucket = f"b-{uuid.uuid4()}"
    client: Any = boto3.client(
        "s3",
        endpoint_url=minio,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing-secret",
    )
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": RULES}
    )
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}

    told = safety.lifecycle_of(Location(f"s3://{bucket}"), env={"AWS_ENDPOINT_URL": minio, **keys})

    assert by_name(told) == TOLD


@pytest.mark.parametrize("locked", [True, False])
def test_google_tells_rules_and_retention_in_one_request(*, locked: bool) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"age": 9, "matchesPrefix": ["backups/"]}}
    told: dict[str, Any] = {"kind": "storage#bucket", "lifecycle": {"rule": [rule]}}
    told |= {"retentionPolicy": {"retentionPeriod": "60"}} if locked else {}
    body = json.dumps(told).encode()
    with answering(lambda _asked: Answer(200, body)) as server:
        place, env = Location("gs://bucket"), {"STORAGE_EMULATOR_HOST": server.url}
        lifecycle = safety.lifecycle_of(place, env=env)

    assert lifecycle.rules == (LifecycleRule("1", ("backups/",), deletes="after 9 days"),)
    assert lifecycle.locked is locked
    assert len(server.asked) == 1


def test_google_may_deny_its_rules() -> None:
    with answering(lambda _asked: Answer(403, b"{}")) as server, pytest.raises(StoreDenied):
        safety.lifecycle_of(Location("gs://bucket"), env={"STORAGE_EMULATOR_HOST": server.url})


@pytest.mark.emulators
def test_an_emulated_google_bucket_without_rules_has_none(fake_gcs_server: str) -> None:
    place, env = Location(f"gs://b-{uuid.uuid4()}"), {"STORAGE_EMULATOR_HOST": fake_gcs_server}
    safety.create(place, env=env)

    assert safety.lifecycle_of(place, env=env).rules == ()


def test_azure_tells_its_rules_to_nobody_here() -> None:
    place = Location(f"azureblob://{servers.AZURE_ACCOUNT}/container")
    env = {"AZURE_STORAGE_KEY": servers.AZURE_KEY}

    with pytest.raises(CapabilityMissing, match="management API") as raised:
        safety.lifecycle_of(place, env=env)

    assert "az storage account management-policy show" in str(raised.value.hint)


def test_a_directory_has_no_rules(tmp_path: Path) -> None:
    assert safety.lifecycle_of(Location(tmp_path.as_uri()), env={}) == Lifecycle()
