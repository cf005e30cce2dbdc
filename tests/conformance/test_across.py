"""Stores of different kinds together, and processes that open them."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kled.storage.local.store import LocalStore
from tests.conformance import moto_server, places

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conformance.places import Place

SCRIPT = """
import json, os, sys, time
from kled.retry import Clock
from kled.storage.base import Location
from kled.storage.conditional_writes import conditional_writes
from kled.storage.url import open_store
store = open_store(Location(sys.argv[1]), env=os.environ, clock=Clock(time.monotonic, time.sleep))
store.delete("absent")
honest = conditional_writes(store)
print(json.dumps([honest, sorted({"boto3", "botocore", "prefect"} & set(sys.modules))]))
"""


@pytest.mark.emulators
def test_an_object_travels_through_every_kind_of_store_unchanged(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    body = os.urandom(11 << 20)
    stores = [
        places.made("minio", request).open(),
        places.made("fake-gcs-server", request).open(),
        places.made("azurite", request).open(),
        LocalStore(tmp_path, places.CLOCK),
        places.made("s3", request).open(),
    ]
    stores[0].write("a/b", [body])

    for source, target in itertools.pairwise(stores):
        with source.read("a/b") as reading:
            target.write("a/b", reading.chunks())

    assert all(store.get("a/b").body == body for store in stores)


def test_what_a_lease_needs_of_s3_imports_no_boto3(s3_endpoint: str) -> None:
    bucket = "lease-imports"
    moto_server.client(s3_endpoint).create_bucket(Bucket=bucket)

    assert opened(f"s3://{bucket}", moto_server.environment(s3_endpoint)) == [True, []]


@pytest.mark.emulators
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_the_keys_of_an_aws_profile_are_used(
    request: pytest.FixtureRequest, tmp_path: Path, right: bool
) -> None:
    place: Place = places.made("minio", request)
    secret = place.env["AWS_SECRET_ACCESS_KEY"] if right else "another-secret"
    credentials = tmp_path / "credentials"
    credentials.write_text(
        f"[acme]\naws_access_key_id = {place.env['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {secret}\n"
    )
    env = {name: place.env[name] for name in ("PATH", "AWS_ENDPOINT_URL")}
    env |= {"AWS_PROFILE": "acme", "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}

    if right:
        assert opened(place.url, env) == [True, ["botocore"]]
    else:
        with pytest.raises(subprocess.CalledProcessError) as caught:
            opened(place.url, env)
        assert "StoreDenied" in caught.value.stderr
        assert secret not in caught.value.stderr


def opened(url: str, env: Mapping[str, str]) -> list[object]:
    """Open and use the store in a process that has no other environment."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url], env=env, capture_output=True, text=True, check=True
    )
    found: list[object] = json.loads(done.stdout)
    return found
