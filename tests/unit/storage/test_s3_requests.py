"""Requests for listings are those that botocore's own client makes, and fail as its own do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import BucketMissing, StoreDenied, StoreError, StoreUnavailable
from kled.storage.s3 import client as s3_client
from tests.stores import keys
from tests.unit.storage.answering import Answer, Asked, Server, answering
from tests.unit.storage.test_answers import TOKEN, refusing, store_at

if TYPE_CHECKING:
    from collections.abc import Mapping

EMPTY = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
SECRET = "secret-key"
LEFT_OUT = {"user-agent", "x-amz-date", "authorization", "amz-sdk-invocation-id", "amz-sdk-request"}


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES)
def test_a_listing_is_asked_for_as_botocore_s_client_asks(prefix: str, after: str) -> None:
    with answering(lambda _asked: Answer(200, EMPTY)) as server:
        client = s3_client.connect(access_to(server))
        client.list_objects_v2(
            Bucket="bucket", Prefix=prefix, EncodingType="url", StartAfter=after or "-"
        )
        keys(store_at("s3", server.url), prefix, start_after=after or "-")

    theirs, ours = server.asked
    assert ours.method == theirs.method
    assert parts(ours.path) == parts(theirs.path)
    assert lower(ours) == lower(theirs)


def test_the_signature_is_the_one_that_a_server_makes_of_what_it_got() -> None:
    with answering(lambda _asked: Answer(200, EMPTY)) as server:
        keys(store_at("s3", server.url), "a b+c/ü~(1)&=%", start_after="a/z")

    (asked,) = server.asked
    told = {name.lower(): value for name, value in asked.headers.items()}
    again = AWSRequest("GET", f"{server.url}{asked.path}")
    again.context["timestamp"] = told["x-amz-date"]
    for name in ("X-Amz-Date", "X-Amz-Content-SHA256", "X-Amz-Security-Token"):
        again.headers[name] = told[name.lower()]
    signer = S3SigV4Auth(Credentials("id", SECRET), "s3", "us-east-1")
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert told["authorization"].endswith(f"Signature={signer.signature(text, again)}")


def test_a_listing_goes_on_in_the_region_that_the_bucket_is_in() -> None:
    def answer(asked: Asked) -> Answer:
        signed = {name.lower(): value for name, value in asked.headers.items()}["authorization"]
        if asked.method == "HEAD":
            return Answer(200, b"", {"x-amz-bucket-region": "eu-west-9"})
        if "/eu-west-9/s3/" not in signed:
            return refusing("s3", 301, "PermanentRedirect")
        return Answer(200, EMPTY)

    with answering(answer) as server:
        store = store_at("s3", server.url)

        assert [keys(store), keys(store)] == [[], []]

    assert [asked.method for asked in server.asked] == ["GET", "HEAD", "GET", "GET"]


def test_a_redirection_that_names_no_other_region_is_an_error() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            return Answer(200, b"", {"x-amz-bucket-region": "us-east-1"})
        return refusing("s3", 301, "PermanentRedirect")

    with answering(answer) as server, pytest.raises(StoreError):
        keys(store_at("s3", server.url))

    assert [asked.method for asked in server.asked] == ["GET", "HEAD"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "NoSuchBucket", BucketMissing),
        (403, "SignatureDoesNotMatch", StoreDenied),
        (503, "SlowDown", StoreUnavailable),
        (200, "InternalError", StoreUnavailable),
    ],
)
def test_a_refused_listing_is_told_apart(status: int, code: str, kind: type[StoreError]) -> None:
    with (
        answering(lambda _asked: refusing("s3", status, code)) as server,
        pytest.raises(kind) as caught,
    ):
        keys(store_at("s3", server.url))

    assert type(caught.value) is kind


def test_a_refusal_without_a_word_is_told_by_its_status() -> None:
    with (
        answering(lambda _asked: Answer(503, b"")) as server,
        pytest.raises(StoreUnavailable),
    ):
        keys(store_at("s3", server.url))


def test_the_secret_is_in_no_error() -> None:
    with (
        answering(lambda _asked: refusing("s3", 403, "AccessDenied")) as server,
        pytest.raises(StoreDenied) as caught,
    ):
        keys(store_at("s3", server.url))

    told = f"{caught.value} {caught.value.__cause__} {caught.value.hint}"
    assert not [word for word in (SECRET, TOKEN) if word in told]


def access_to(server: Server) -> s3_client.S3Access:
    return s3_client.S3Access(server.url, "us-east-1", "id", SECRET, TOKEN, None)


def parts(path: str) -> tuple[str, list[str]]:
    where, _, query = path.partition("?")
    return where, sorted(query.split("&"))


def lower(asked: Asked) -> Mapping[str, str]:
    told = {name.lower(): value for name, value in asked.headers.items()}
    return {name: value for name, value in told.items() if name not in LEFT_OUT}
