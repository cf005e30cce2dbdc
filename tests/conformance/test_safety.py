"""What is found wrong with a state store, and what making one sets right."""

from __future__ import annotations

import json
import stat
import uuid
from typing import TYPE_CHECKING

import pytest

from kled.storage import lifecycle, safety
from kled.storage.base import Location
from tests.conformance import moto_server
from tests.emulators import servers
from tests.unit.storage.answering import Answer, answering

if TYPE_CHECKING:
    from pathlib import Path

DELETE = {"action": {"type": "Delete"}, "condition": {"age": 30, "matchesPrefix": ["c.example"]}}
OLD = {"action": {"type": "Delete"}, "condition": {"numNewerVersions": 3}}
LOGS = {"action": {"type": "Delete"}, "condition": {"age": 30, "matchesPrefix": ["c/pki/"]}}
COLD = {"action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"}, "condition": {"age": 9}}


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_bucket_that_kled_made_is_safe_and_stays_so(s3_endpoint: str, region: str) -> None:
    place = Location(f"s3://b-{uuid.uuid4()}", region=region)
    env = moto_server.environment(s3_endpoint)
    absent = safety.check(place, env=env)

    assert "there is no bucket" in absent[0].what
    assert safety.create(place, env=env) == ()
    assert safety.create(place, env=env) == ()


def test_a_bare_bucket_s_faults_each_have_their_command(s3_endpoint: str) -> None:
    bucket = f"b-{uuid.uuid4()}"
    client = moto_server.client(s3_endpoint)
    client.create_bucket(Bucket=bucket)
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [{"ID": "tidy", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 30}}]
        },
    )

    found = safety.check(Location(f"s3://{bucket}"), env=moto_server.environment(s3_endpoint))

    words = " ".join(one.what for one in found)
    assert "versioning is off" in words
    assert "public access is not blocked" in words
    assert "lifecycle rule tidy" in words
    assert all((one.mend or "").startswith(f"aws --endpoint-url {s3_endpoint}") for one in found)


def test_a_directory_that_a_group_shares_is_left_to_the_group(tmp_path: Path) -> None:  # fault 93
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2777)
    place = Location(shared.as_uri())
    assert any("others can enter" in one.what for one in safety.check(place, env={}))

    found = safety.create(place, env={})

    assert stat.S_IMODE(shared.stat().st_mode) == 0o2770
    assert [one.severity for one in found] == ["warning", "warning"]
    assert any("can read and change" in one.what for one in found)


def test_a_directory_is_made_private(tmp_path: Path) -> None:
    place = Location((tmp_path / "new").as_uri())
    assert "there is no directory" in safety.check(place, env={})[0].what

    left = safety.create(place, env={})

    assert [one.severity for one in left] == ["warning"]
    (tmp_path / "new").chmod(0o755)
    assert safety.check(place, env={})[0].mend == f"chmod 700 {tmp_path / 'new'}"


def test_what_cannot_be_checked_is_said() -> None:
    (found,) = safety.check(Location("memory://x"), env={})

    assert found.severity == "unknown"


@pytest.mark.emulators
def test_a_service_that_blocks_no_public_access_gets_its_bucket_all_the_same() -> None:
    place = Location("s3://bucket-of-a-service")
    with servers.minio(encrypts=True) as endpoint:
        env = of_its_own(endpoint)

        left = safety.create(place, env=env)

        assert [finding.severity for finding in left] == ["unknown"]
        assert "public access could not be checked" in left[0].what
        assert safety.create(place, env=env) == left
        assert safety.encryption_refusal(place, env=env) is None


@pytest.mark.emulators
def test_a_service_that_encrypts_nothing_is_refused_where_kops_asks_for_it(minio: str) -> None:
    env = of_its_own(minio)
    place = Location(f"s3://{uuid.uuid4()}")

    refused, *_ = safety.create(place, env=env)

    assert refused.severity == "danger"
    assert "which kops asks for in an s3:// store: server side encryption" in refused.what
    assert "KMS is not configured" in str(safety.encryption_refusal(place, env=env))
    other = Location(place.url.replace("s3://", "do://"))
    assert not any(finding.severity == "danger" for finding in safety.check(other, env=env))


def test_a_command_for_a_service_takes_the_keys_of_the_service() -> None:
    with answering(lambda _: Answer(404)) as service:
        (absent,) = safety.check(Location("s3://bucket"), env=of_its_own(service.url))

    assert str(absent.mend).startswith(
        'AWS_ACCESS_KEY_ID="$S3_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$S3_SECRET_ACCESS_KEY"'
        f" aws --endpoint-url {service.url} "
    )


def of_its_own(endpoint: str) -> dict[str, str]:
    """A service with keys of its own, beside those of the cloud."""
    keys = {"S3_ACCESS_KEY_ID": "testing", "S3_SECRET_ACCESS_KEY": "testing-secret"}
    cloud = {"AWS_ACCESS_KEY_ID": "of-the-cloud", "AWS_SECRET_ACCESS_KEY": "of-the-cloud"}
    return {"S3_ENDPOINT": endpoint, **keys, **cloud}


@pytest.mark.emulators
def test_a_google_bucket_is_made_and_its_faults_have_their_commands(fake_gcs_server: str) -> None:
    place, env = Location(f"gs://b-{uuid.uuid4()}"), {"STORAGE_EMULATOR_HOST": fake_gcs_server}
    (absent,) = safety.check(place, env=env)
    assert "there is no bucket" in absent.what

    left = safety.create(place, env=env)

    # fake-gcs-server forgets that public access is prevented
    assert [one.what for one in left] == ["public access is not prevented"]
    assert left[0].mend == f"gcloud storage buckets update {place.url} --public-access-prevention"
    assert safety.create(place, env=env) == left


@pytest.mark.emulators
def test_an_azure_container_is_made_and_what_is_not_told_is_said(azurite: str) -> None:
    place = Location(f"azureblob://{servers.AZURE_ACCOUNT}/c-{uuid.uuid4()}")
    env = {"AZURE_STORAGE_BLOB_ENDPOINT": azurite, "AZURE_STORAGE_KEY": servers.AZURE_KEY}
    (absent,) = safety.check(place, env=env)
    assert "there is no container" in absent.what

    found = safety.create(place, env=env)

    assert [one.severity for one in found] == ["danger", "unknown", "unknown"]
    assert "soft delete is off" in found[0].what
    assert all((one.mend or "").startswith("az storage ") for one in found)
    assert safety.create(place, env=env) == found


@pytest.mark.parametrize(
    ("settings", "severities"),
    [
        ({"versioning": {"enabled": True}}, []),
        ({"softDeletePolicy": {"retentionDurationSeconds": "604800"}}, ["warning"]),
        ({}, ["danger"]),
        ({"versioning": {"enabled": True}, "lifecycle": {"rule": [DELETE]}}, ["danger"]),
        ({"versioning": {"enabled": True}, "lifecycle": {"rule": [OLD, LOGS, COLD]}}, []),
    ],
)
def test_google_s_settings_are_judged(settings: dict[str, object], severities: list[str]) -> None:
    kind = {"kind": "storage#bucket"}
    closed = {**kind, "iamConfiguration": {"publicAccessPrevention": "enforced"}}
    told = json.dumps(settings | closed).encode()
    with answering(lambda _asked: Answer(200, told)) as server:
        found = safety.check(Location("gs://bucket"), env={"STORAGE_EMULATOR_HOST": server.url})

    assert [one.severity for one in found] == severities
    assert all((one.mend or "").startswith("gcloud storage buckets") for one in found)


@pytest.mark.parametrize(
    ("prefix", "store", "hits"),
    [
        ("", "", True),
        ("c.example.com/", "", True),
        ("c.example.com/back", "", True),
        ("c.example.com/backups/etcd/main/control/etcd-cluster", "", True),
        ("c.example.com/backups/etcd/main/2026", "", False),
        ("c.example.com/pki/", "", False),
        ("logs/", "kops", False),
        ("kops/", "kops", True),
        ("kops/c.example.com/backups/etcd/", "kops", True),
        ("ko", "kops", True),
    ],
)
def test_a_rule_is_harmful_where_its_prefix_can_hold_control_files(
    prefix: str, store: str, hits: bool
) -> None:
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": 1}}

    assert lifecycle.harmful([rule], store) == (("r",) if hits else ())


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "Disabled"},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"Expiration": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"Filter": {"ObjectSizeGreaterThan": 1_000_000}},
    ],
)
def test_rules_that_leave_current_small_objects_alone_are_harmless(
    change: dict[str, object],
) -> None:
    rule = {"ID": "r", "Status": "Enabled", "Expiration": {"Days": 1}, **change}

    assert lifecycle.harmful([rule], "") == ()
