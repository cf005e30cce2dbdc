"""Buckets of a store on this machine, past its proxy: for what is not measured."""

import contextlib

import boto3
from obstore.store import S3Store

from benchmarks.snapshots import servers


def bucket(endpoint: str, name: str) -> S3Store:
    """Return a bucket past the proxy; make it where it is not there."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=servers.KEY,
        aws_secret_access_key=servers.SECRET,
    )
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=name)
    return S3Store(
        name,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=servers.KEY,
        secret_access_key=servers.SECRET,
        client_options={"allow_http": True},
    )


def empty(endpoint: str, name: str, prefix: str | None = None) -> None:
    place = bucket(endpoint, name)
    for page in place.list(prefix):
        place.delete([entry["path"] for entry in page])
