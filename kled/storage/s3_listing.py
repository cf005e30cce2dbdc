"""Listings of S3 buckets.

boto3 spends a tenth of a millisecond on each entry of an answer, which for a state store with the
backups of 200 etcds is half a minute. So its parser is given an empty answer, and the entries are
taken out by expat; what boto3 does around it (signing, redirects, errors) stays.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from kled.errors import StoreError
from kled.storage.base import Entry, Version

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BODY: Final = "KledListing"
_OK: Final = 200
_EMPTY: Final = b"<ListBucketResult/>"


def entries(
    client: "S3Client", bucket: str, below: str, prefix: str, start_after: str
) -> Iterator[Entry]:
    """Yield the entries below `below`, which their keys do not show, in byte order.

    Markers of directories are left out. Raises what boto3 raises, `StoreError` for an answer that
    is no listing.
    """
    asked: dict[str, Any] = {"Bucket": bucket, "Prefix": below + prefix, "EncodingType": "url"}
    if start_after:
        asked["StartAfter"] = below + start_after
    while True:
        answer: Any = client.list_objects_v2(**asked)
        with _readable(bucket):
            found, token = parsed(answer[_BODY], below)
        yield from found
        if token is None:
            return
        asked["ContinuationToken"] = token


def versions(client: "S3Client", bucket: str, below: str, prefix: str) -> Iterator[Version]:
    """Yield all versions below `below` in the order of the keys, newest first for each."""
    pages = client.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=below + prefix
    )
    for page in pages:
        found: list[Any] = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        # versions and markers of one key come as two lists: only their times put them in order
        found.sort(key=lambda one: one["LastModified"], reverse=True)
        found.sort(key=lambda one: (one["Key"].encode(), not one["IsLatest"]))
        for one in found:
            yield Version(
                one["Key"].removeprefix(below),
                one["VersionId"],
                one.get("ETag", ""),
                one.get("Size", 0),
                one["LastModified"],
                latest=one["IsLatest"],
                deleted="ETag" not in one,
            )


def take_over(client: "S3Client") -> None:
    """Let `entries` read the client's listings."""
    client.meta.events.register("before-parse.s3.ListObjectsV2", _keep)


def _keep(
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,  # noqa: ANN401 - what else botocore hands to its hooks
) -> None:
    if response_dict["status_code"] == _OK:
        customized_response_dict[_BODY] = response_dict["body"]
        response_dict["body"] = _EMPTY


def parsed(body: bytes, below: str) -> tuple[list[Entry], str | None]:
    """Read an answer to ListObjectsV2 whose keys are URL-encoded; return also how to go on."""
    root = ET.fromstring(body)  # noqa: S314 - expat limits expansion
    space = root.tag[: root.tag.find("}") + 1]
    encoded = root.findtext(f"{space}EncodingType") == "url"
    token = root.findtext(f"{space}NextContinuationToken")
    truncated = root.findtext(f"{space}IsTruncated") == "true"
    name, length, tag, time = (f"{space}{one}" for one in ("Key", "Size", "ETag", "LastModified"))
    found = []
    for element in root.iter(f"{space}Contents"):
        tell = element.findtext
        told, etag, size = tell(name), tell(tag), int(tell(length) or "")
        if told is None or etag is None:
            raise ValueError("an entry lacks its key or its ETag")
        key = _decoded(told) if encoded else told
        if size or not key.endswith("/"):
            modified = datetime.fromisoformat(tell(time) or "")
            found.append(Entry(key[len(below) :], size, etag, modified))
    return found, token if truncated else None


def _decoded(key: str) -> str:
    """Undo the URL-encoding; what etcd's backups are full of without the slow general way."""
    key = key.replace("%2F", "/").replace("%3A", ":")
    return unquote_plus(key) if "%" in key or "+" in key else key


@contextmanager
def _readable(bucket: str) -> Iterator[None]:
    try:
        yield
    except (ET.ParseError, KeyError, ValueError) as error:
        raise StoreError(f"{bucket}: the answer is no listing") from error
