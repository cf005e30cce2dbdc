"""What the clouds answer, also where no emulator does, and what becomes of it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kled.errors import (
    BucketMissing,
    CapabilityMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)
from kled.retry import Clock
from kled.storage.base import Location, ObjectStore
from kled.storage.retrying import RetryingStore
from kled.storage.url import adapter
from tests.stores import Sized, keys
from tests.unit.storage.answering import Answer, Asked, answering

if TYPE_CHECKING:
    from collections.abc import Callable

NO_WAIT = Clock(time.monotonic, lambda _seconds: None)
TOKEN = "a-session-token-that-nobody-may-see"
ETAG = {"ETag": '"0123"', "Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT"}


def store_at(kind: str, endpoint: str) -> ObjectStore:
    """A store of that kind, without retries."""
    url, env = {
        "s3": (
            "s3://bucket",
            {
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "id",
                "AWS_SECRET_ACCESS_KEY": "secret-key",
                "AWS_SESSION_TOKEN": TOKEN,
            },
        ),
        "gs": ("gs://bucket", {"STORAGE_EMULATOR_HOST": endpoint}),
        "azureblob": (
            "azureblob://account/container",
            {"AZURE_STORAGE_BLOB_ENDPOINT": endpoint, "AZURE_STORAGE_SAS_TOKEN": f"sig={TOKEN}"},
        ),
    }[kind]
    return adapter(Location(url), env, NO_WAIT)


def refusing(kind: str, status: int, code: str, message: str = "a message") -> Answer:
    if kind == "gs":
        told = {"error": {"code": status, "message": message, "errors": [{"reason": code}]}}
        return Answer(status, json.dumps(told).encode(), {"Content-Type": "application/json"})
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    headers = {"Content-Type": "application/xml", "x-ms-error-code": code}
    return Answer(status, body.encode(), headers)


CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "get": lambda store: store.get("key"),
    "put": lambda store: store.put("key", b"body"),
    "create": lambda store: store.put_if_absent("key", b"body"),
    "replace": lambda store: store.replace("key", b"body", "17"),
    "list": keys,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("kind", "status", "code", "expected"),
    [
        ("s3", 403, "AccessDenied", StoreDenied),
        ("s3", 403, "SignatureDoesNotMatch", StoreDenied),
        ("s3", 400, "ExpiredToken", StoreDenied),
        ("s3", 404, "NoSuchBucket", BucketMissing),
        ("s3", 429, "TooManyRequests", StoreUnavailable),
        ("s3", 503, "SlowDown", StoreUnavailable),
        ("s3", 500, "InternalError", StoreUnavailable),
        ("s3", 400, "RequestTimeout", StoreUnavailable),
        ("s3", 409, "ConditionalRequestConflict", StoreUnavailable),
        ("s3", 409, "OperationAborted", StoreUnavailable),
        ("s3", 404, "NoSuchUpload", StoreUnavailable),
        ("s3", 400, "BadDigest", StoreUnavailable),
        ("s3", 412, "PreconditionFailed", PreconditionFailed),
        ("s3", 501, "NotImplemented", CapabilityMissing),
        ("s3", 400, "InvalidArgument", StoreError),
        ("gs", 403, "forbidden", StoreDenied),
        ("gs", 412, "conditionNotMet", PreconditionFailed),
        ("gs", 429, "rateLimitExceeded", StoreUnavailable),
        ("gs", 503, "backendError", StoreUnavailable),
        ("gs", 400, "invalid", StoreError),
        ("azureblob", 403, "AuthorizationPermissionMismatch", StoreDenied),
        ("azureblob", 404, "ContainerNotFound", BucketMissing),
        ("azureblob", 412, "ConditionNotMet", PreconditionFailed),
        ("azureblob", 503, "ServerBusy", StoreUnavailable),
        ("azureblob", 500, "OperationTimedOut", StoreUnavailable),
        ("azureblob", 400, "InvalidHeaderValue", StoreError),
    ],
)
def test_a_refusal_has_its_error_after_one_request(
    kind: str, status: int, code: str, expected: type[StoreError], call: str
) -> None:
    with (
        answering(lambda _asked: refusing(kind, status, code)) as server,
        pytest.raises(StoreError) as caught,
    ):
        CALLS[call](store_at(kind, server.url))

    assert type(caught.value) is expected
    assert "a message" in caught.value.message
    # google-cloud-storage looks at the bucket beside the first upload, for its telemetry
    asked = [one for one in server.asked if "/b/bucket?projection" not in one.path]
    assert len(asked) == 1
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_missing_bucket_of_google_s_is_told_from_a_missing_object() -> None:
    told = "The specified bucket does not exist."
    with answering(lambda _asked: refusing("gs", 404, "notFound", told)) as server:
        with pytest.raises(BucketMissing):
            store_at("gs", server.url).get("key")
        with pytest.raises(BucketMissing):
            store_at("gs", server.url).delete("key")
    with answering(lambda _asked: refusing("gs", 404, "notFound", "No such object")) as server:
        with pytest.raises(ObjectMissing):
            store_at("gs", server.url).get("key")
        store_at("gs", server.url).delete("key")


def test_google_s_generation_is_compared_even_where_the_server_does_not() -> None:
    headers = {"X-Goog-Generation": "2"}
    with answering(lambda _asked: Answer(200, b"new", headers)) as server:
        store = store_at("gs", server.url)

        assert store.get("key", tag="2").body == b"new"
        with pytest.raises(PreconditionFailed):
            store.get("key", tag="1")

    assert "ifGenerationMatch=1" in server.asked[-1].path


@pytest.mark.parametrize("kind", ["s3", "gs", "azureblob"])
def test_a_reading_that_breaks_off_goes_on_in_the_same_state(kind: str) -> None:
    body = bytes(range(256)) * 8192
    etag = {**ETAG, "ETag": '"7"', "X-Goog-Generation": "7", "x-ms-blob-type": "BlockBlob"}

    def answer(asked: Asked) -> Answer:
        told = {name.lower(): value for name, value in asked.headers.items()}
        start = int(told.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        cut = len(body) // 2 if start == 0 else None
        ranged = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        return Answer(206 if start else 200, body[start:], {**etag, **ranged}, cut)

    with answering(answer) as server:
        store = RetryingStore(store_at(kind, server.url), NO_WAIT)
        with store.read("key") as reading:
            found = b"".join(reading.chunks())

    assert found == body
    assert len(server.asked) == 2
    again = server.asked[1]
    assert "7" in again.headers.get("if-match", "") or "ifGenerationMatch=7" in again.path


def test_a_body_that_breaks_off_is_no_body() -> None:
    with (
        answering(lambda _asked: Answer(200, b"0123456789", ETAG, cut=5)) as server,
        pytest.raises(StoreUnavailable),
    ):
        store_at("s3", server.url).get("key")


def test_the_bucket_s_own_region_is_asked_where_another_one_answers() -> None:
    def answer(asked: Asked) -> Answer:
        signed = {name.lower(): value for name, value in asked.headers.items()}["authorization"]
        if asked.method == "HEAD":
            return Answer(200, b"", {"x-amz-bucket-region": "eu-west-9"})
        if "/eu-west-9/s3/" not in signed:
            return refusing("s3", 301, "PermanentRedirect")
        return Answer(200, b"body", ETAG)

    with answering(answer) as server:
        store = store_at("s3", server.url)

        assert [store.get("key").body, store.get("key").body] == [b"body", b"body"]

    assert [asked.method for asked in server.asked] == ["GET", "HEAD", "GET", "GET"]


def test_a_write_carries_the_digest_of_its_bytes() -> None:
    with answering(lambda _asked: Answer(200, b"", ETAG)) as server:
        store_at("s3", server.url).put("key", b"body")

    (asked,) = server.asked
    told = {name.lower(): value for name, value in asked.headers.items()}
    assert told["x-amz-content-sha256"] == hashlib.sha256(b"body").hexdigest()


def test_a_large_write_of_known_size_is_one_request_with_the_digest_of_its_bytes() -> None:
    body = Sized([bytes(4 << 20), b"x" * (3 << 20)])
    with answering(lambda _asked: Answer(200, b"", ETAG)) as server:
        store_at("s3", server.url).write("key", body)

    (asked,) = server.asked
    told = {name.lower(): value for name, value in asked.headers.items()}
    assert told["x-amz-content-sha256"] == hashlib.sha256(asked.body).hexdigest()
    assert asked.body == b"".join(body)
    assert body.begun == 3  # to be signed, to be sent, and here
    assert told["if-none-match"] == "*"
    assert told["content-length"] == str(body.size)


def test_a_large_write_with_a_lock_carries_the_md5_that_s3_wants_with_one() -> None:
    body = Sized([bytes(4 << 20), b"x" * (3 << 20)])
    until = datetime(2027, 1, 1, tzinfo=UTC)
    with answering(lambda _asked: Answer(200, b"<Lock/>", ETAG)) as server:
        store_at("s3", server.url).write("key", body, retain_until=until)

    asked = server.asked[-1]
    told = {name.lower(): value for name, value in asked.headers.items()}
    digest = hashlib.md5(b"".join(body), usedforsecurity=False).digest()
    assert told["content-md5"] == base64.b64encode(digest).decode()
    assert told["x-amz-object-lock-mode"] == "GOVERNANCE"


@pytest.mark.parametrize("more", [1, -1])
def test_what_is_not_of_the_size_that_it_tells_is_not_sent(more: int) -> None:
    body = Sized([bytes(7 << 20)])
    body.size += more
    with (
        answering(lambda _asked: Answer(200, b"", ETAG)) as server,
        pytest.raises(ValueError, match="were promised"),
    ):
        store_at("s3", server.url).write("key", body)

    assert not server.asked


def test_a_list_that_is_none_is_an_error() -> None:
    with (
        answering(lambda _asked: Answer(200, b"<html>a portal</html", {})) as server,
        pytest.raises(StoreError),
    ):
        keys(store_at("s3", server.url))


def test_a_listing_leaves_out_markers_of_directories_and_goes_on_after_a_page() -> None:
    def page(asked: Asked) -> Answer:
        more = "continuation-token=next" not in asked.path
        names = ["a%2Bb+c", "dir/"] if more else ["dir/x", "x//y"]
        sizes = [0, 0] if more else [1, 2]
        contents = "".join(
            f"<Contents><Key>{name}</Key><LastModified>2026-11-25T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;t&quot;</ETag><Size>{size}</Size></Contents>"
            for name, size in zip(names, sizes, strict=True)
        )
        going_on = "<NextContinuationToken>next</NextContinuationToken>" if more else ""
        body = (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{going_on}{contents}</ListBucketResult>"
        )
        return Answer(200, body.encode(), {"Content-Type": "application/xml"})

    with answering(page) as server:
        found = list(store_at("s3", server.url).entries())

    assert [entry.key for entry in found] == ["a+b c", "dir/x", "x//y"]
    assert found[0].tag == '"t"'
    assert found[0].modified is not None
