"""What is found wrong with a state store, and what making one sets right."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from kled.storage import lifecycle, safety
from kled.storage.base import Location
from tests.conformance import moto_server

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_directory_is_made_private(tmp_path: Path) -> None:
    place = Location((tmp_path / "new").as_uri())
    assert "there is no directory" in safety.check(place, env={})[0].what

    left = safety.create(place, env={})

    assert [one.severity for one in left] == ["warning"]
    (tmp_path / "new").chmod(0o755)
    assert safety.check(place, env={})[0].mend == f"chmod 700 {tmp_path / 'new'}"


def test_what_cannot_be_checked_is_said() -> None:
    (found,) = safety.check(Location("gs://bucket"), env={})

    assert found.severity == "unknown"


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
