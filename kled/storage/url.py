"""From a URL to the store that it names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kled.errors import InvalidInput
from kled.retry import Clock
from kled.storage.base import Location, ObjectStore
from kled.storage.retrying import RetryingStore
from kled.storage.timeouts import DEFAULT, Timeouts
from kled.store_urls import directory, is_directory

if TYPE_CHECKING:
    from kled.storage.s3 import client as s3_client

S3_SCHEMES: Final = ("s3", "do", "scw", "hos")
KNOWN: Final = (*S3_SCHEMES, "gs", "azureblob", "file", "memory")


def open_store(
    location: Location, *, env: Mapping[str, str], clock: Clock, timeouts: Timeouts = DEFAULT
) -> ObjectStore:
    """Return the store at `location`, retrying requests; nothing is asked of it yet.

    `env` is where endpoint and credentials are found. A path from `/` means file://, as
    kops takes it; memory:// makes a new, empty store, memory://NAME is one for the whole process.
    Raises `InvalidInput` for a URL that names no store that kled knows, and for variables that are
    wrong for it.
    """
    return RetryingStore(adapter(location, env, clock, timeouts), clock)


def located(location: Location, env: Mapping[str, str]) -> Location:
    """Return the location as the store that is opened there tells it: one spelling for each place.

    Nothing is opened or asked. Raises `InvalidInput` as `open_store` does.
    """
    scheme = urlsplit(location.url).scheme
    if scheme in S3_SCHEMES:
        return _s3_place(location, env)[1]
    if is_directory(location.url):
        return Location(directory(location.url).as_uri())
    if scheme == "gs":
        return _gcs_place(location, env)
    if scheme == "azureblob":
        from kled.storage.azure import (  # noqa: PLC0415 - not for other stores
            client as azure_client,
        )

        return azure_client.choose(location.url, env, endpoint=location.endpoint).location
    return location


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """Split an S3-like URL; the prefix has no slash at either end."""
    parts = urlsplit(url)
    if not parts.netloc or parts.username or parts.query or parts.fragment:
        raise InvalidInput("state store", f"{url} names no bucket")
    return parts.netloc, parts.path.strip("/")


def adapter(
    location: Location, env: Mapping[str, str], clock: Clock, timeouts: Timeouts = DEFAULT
) -> ObjectStore:
    """Return the store as `open_store` does, but without retries."""
    scheme = urlsplit(location.url).scheme
    if scheme in S3_SCHEMES:
        return _s3(location, env, timeouts)
    if is_directory(location.url):
        from kled.storage.local.store import LocalStore  # noqa: PLC0415 - fcntl is POSIX only

        return LocalStore(directory(location.url), clock)
    if scheme == "memory":
        from kled.storage.memory import MemoryStore, named  # noqa: PLC0415 - for tests

        name = urlsplit(location.url).netloc
        return named(name) if name else MemoryStore()
    if scheme == "gs":
        return _gcs(location, env, timeouts)
    if scheme == "azureblob":
        return _azure(location, env, timeouts)
    raise InvalidInput(
        "state store",
        f"{location.url} is of no known kind",
        hint=f"known: {', '.join(f'{name}://' for name in KNOWN)}",
    )


def _s3(location: Location, env: Mapping[str, str], timeouts: Timeouts) -> ObjectStore:
    from kled.storage.s3 import store as s3  # noqa: PLC0415 - not for other stores

    bucket, prefix = bucket_and_prefix(location.url)
    access, where = _s3_place(location, env)
    return s3.S3Store(access, bucket, prefix, where, timeouts)


def _s3_place(location: Location, env: Mapping[str, str]) -> "tuple[s3_client.S3Access, Location]":
    from kled.storage.s3 import (  # noqa: PLC0415 - brings boto3 where a profile is used
        client as s3_client,
    )

    scheme = urlsplit(location.url).scheme
    bucket, prefix = bucket_and_prefix(location.url)
    access = s3_client.choose(scheme, env, endpoint=location.endpoint, region=location.region)
    # do:// and s3:// at one endpoint are one bucket, so a lease on it is one lease
    url = f"s3://{bucket}/{prefix}".rstrip("/")
    return access, Location(url, access.endpoint, access.region)


def _gcs(location: Location, env: Mapping[str, str], timeouts: Timeouts) -> ObjectStore:
    from kled.storage.gcs import client as gcs_client  # noqa: PLC0415 - not for other stores
    from kled.storage.gcs import store as gcs  # noqa: PLC0415 - not for other stores

    bucket, prefix = bucket_and_prefix(location.url)
    where = _gcs_place(location, env)
    return gcs.GcsStore(
        gcs_client.GoogleClients(env, where.endpoint, timeouts), bucket, prefix, where
    )


def _gcs_place(location: Location, env: Mapping[str, str]) -> Location:
    from kled.storage.gcs import client as gcs_client  # noqa: PLC0415 - not for other stores

    bucket, prefix = bucket_and_prefix(location.url)
    endpoint = location.endpoint or gcs_client.emulator(env)
    return Location(f"gs://{bucket}/{prefix}".rstrip("/"), endpoint)


def _azure(location: Location, env: Mapping[str, str], timeouts: Timeouts) -> ObjectStore:
    from kled.storage.azure import client as azure_client  # noqa: PLC0415 - not for other stores
    from kled.storage.azure import store as azure  # noqa: PLC0415 - not for other stores

    access = azure_client.choose(location.url, env, endpoint=location.endpoint)
    return azure.AzureBlobStore(access, timeouts)
