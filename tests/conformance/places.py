"""New buckets and containers on the servers of the tests."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from kled.retry import Clock
from kled.storage.base import Location
from kled.storage.url import open_store
from tests.conformance import moto_server
from tests.emulators import servers

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_s3 import S3Client

    from kled.storage.base import ObjectStore

CLOCK = Clock(time.monotonic, time.sleep)


@dataclass(frozen=True)
class Place:
    """A bucket, and the environment in which it is opened."""

    url: str
    env: Mapping[str, str]

    def open(self, prefix: str = "") -> ObjectStore:
        return open_store(Location(f"{self.url}/{prefix}"), env=self.env, clock=CLOCK)

    @property
    def bucket(self) -> str:
        return self.url.rpartition("/")[2]


def s3_client(place: Place) -> S3Client:
    """A client of the tests' own, to look at what the product left."""
    return boto3.client(
        "s3",
        endpoint_url=place.env["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=place.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=place.env["AWS_SECRET_ACCESS_KEY"],
    )


def made(kind: str, request: pytest.FixtureRequest, *, versioned: bool = False) -> Place:
    """Make a bucket on the server `kind`; a versioned one of S3 can lock objects, too."""
    match kind:
        case "s3":
            endpoint = request.getfixturevalue("s3_endpoint")
            return _s3(moto_server.environment(endpoint), versioned=versioned)
        case "minio":
            endpoint = request.getfixturevalue("minio")
            keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}
            env = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": endpoint, **keys}
            return _s3(env, versioned=versioned)
        case "fake-gcs-server":
            return _gcs(request.getfixturevalue("fake_gcs_server"), versioned=versioned)
        case _:
            return _azure(request.getfixturevalue("azurite"))


def _s3(env: Mapping[str, str], *, versioned: bool) -> Place:
    place = Place(f"s3://b-{uuid.uuid4()}", env)
    client = s3_client(place)
    client.create_bucket(Bucket=place.bucket, ObjectLockEnabledForBucket=versioned)
    return place


def _gcs(endpoint: str, *, versioned: bool) -> Place:
    import httpx

    bucket = f"b-{uuid.uuid4()}"
    wanted = {"name": bucket, "versioning": {"enabled": versioned}}
    httpx.post(f"{endpoint}/storage/v1/b?project=p", json=wanted).raise_for_status()
    env = {"PATH": os.environ["PATH"], "STORAGE_EMULATOR_HOST": endpoint}
    return Place(f"gs://{bucket}", env)


def _azure(endpoint: str) -> Place:
    from azure.core.credentials import AzureNamedKeyCredential
    from azure.storage.blob import BlobServiceClient

    container = f"c-{uuid.uuid4()}"
    key = AzureNamedKeyCredential(servers.AZURE_ACCOUNT, servers.AZURE_KEY)
    with BlobServiceClient(endpoint, credential=key) as service:
        service.create_container(container)
    keys = {"AZURE_STORAGE_KEY": servers.AZURE_KEY, "AZURE_STORAGE_BLOB_ENDPOINT": endpoint}
    url = f"azureblob://{servers.AZURE_ACCOUNT}/{container}"
    return Place(url, {"PATH": os.environ["PATH"], **keys})
