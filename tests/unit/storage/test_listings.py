"""What is no listing of the store is an error, whoever answered (fault 79)."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import (
    BucketMissing,
    CapabilityMissing,
    KledError,
    PreconditionFailed,
    StoreError,
    StoreUnavailable,
)
from kled.retry import Clock
from kled.storage.local.store import LocalStore
from kled.storage.retrying import REQUEST, RetryingStore
from kled.storage.s3 import client as s3_client
from kled.storage.s3 import listing as s3_listing
from tests.stores import keys
from tests.unit.storage.answering import Answer, Asked, answering
from tests.unit.storage.test_answers import CALLS, refusing, store_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kled.storage.base import ObjectStore

KINDS = ("s3", "gs", "azureblob")
NO_WAIT = Clock(time.monotonic, lambda _seconds: None)
DATE = "2026-11-25T00:00:00.000Z"
TYPES = {"s3": "application/xml", "gs": "application/json", "azureblob": "application/xml"}


def page(
    kind: str,
    names: list[str],
    token: str | None = None,
    *,
    without: tuple[str, ...] = (),
    **more: str,
) -> Answer:
    """A page as the service gives it, but for what it is to be `without` or to have `more`."""
    if kind == "gs":
        items = [
            {"name": name, "size": "1", "generation": "7", "updated": DATE, "timeCreated": DATE}
            for name in names
        ]
        told: dict[str, Any] = {"kind": "storage#objects", "nextPageToken": token, "items": items}
        kept = {name: value for name, value in told.items() if value and name not in without}
        body = json.dumps({**kept, **more})
    elif kind == "s3":
        body = _s3_page(names, token, without, more)
    else:
        body = _azure_page(names, token, without)
    return Answer(200, body.encode(), {"Content-Type": TYPES[kind]})


def _s3_page(
    names: list[str], token: str | None, without: tuple[str, ...], more: dict[str, str]
) -> str:
    parts = {
        "IsTruncated": str(token is not None).lower(),
        "NextContinuationToken": token or "",
        "KeyCount": str(len(names)),
        **more,
    }
    told = "".join(
        f"<{name}>{value}</{name}>" for name, value in parts.items() if name not in without
    )
    contents = "".join(
        f"<Contents><Key>{name}</Key><LastModified>{DATE}</LastModified>"
        "<ETag>&quot;t&quot;</ETag><Size>1</Size></Contents>"
        for name in names
    )
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<ListBucketResult xmlns="{space}">{told}{contents}</ListBucketResult>'


def _azure_page(names: list[str], token: str | None, without: tuple[str, ...]) -> str:
    blobs = "".join(
        f"<Blob><Name>{name}</Name><Properties><Content-Length>1</Content-Length>"
        "<Last-Modified>Wed, 25 Nov 2026 00:00:00 GMT</Last-Modified>"
        "<BlobType>BlockBlob</BlobType><Etag>0x7</Etag></Properties></Blob>"
        for name in names
    )
    parts = {
        "Blobs": f"<Blobs>{blobs}</Blobs>",
        "NextMarker": f"<NextMarker>{token or ''}</NextMarker>",
    }
    told = "".join(value for name, value in parts.items() if name not in without)
    return f'<?xml version="1.0"?><EnumerationResults>{told}</EnumerationResults>'


def listed(kind: str, *pages: Answer) -> list[str]:
    """List where these pages are answered, one after the other; the last one again and again."""
    waiting = list(pages)
    with answering(lambda _asked: waiting.pop(0) if len(waiting) > 1 else waiting[0]) as server:
        return keys(store_at(kind, server.url))


PORTAL = b"""<!DOCTYPE html>
<html><head><title>Sign in to\x1b[2J the Wi-Fi</title></head><body><br>hello</body></html>"""
FOREIGN = {
    "a portal's page": (PORTAL, "text/html"),
    "a page of well-formed XML": (b"<html><head><title>Hi</title></head></html>", "text/html"),
    "a page that calls itself XML": (b"<html><head/><body/></html>", "application/xml"),
    "another service's listing": (b'{"kind":"storage#buckets","items":[]}', "application/json"),
    "a JSON document of no kind": (b"{}", "application/json"),
    "a list": (b"[]", "application/json"),
    "deep JSON": (b"[" * 20_000, "application/json"),
    "another XML document": (b"<Buckets><Bucket/></Buckets>", "application/xml"),
    "nothing": (b"", ""),
    "a word": (b"OK", "text/plain"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("call", [*CALLS, "write", "versions"])
def test_what_something_else_answers_with_status_200_is_an_error_that_may_pass(
    kind: str, name: str, call: str
) -> None:
    body, content_type = FOREIGN[name]
    calls: dict[str, Callable[[ObjectStore], object]] = {
        **CALLS,
        "write": lambda store: store.write("key", [bytes(9 << 20)] * 2),
        "versions": lambda store: list(store.versions()),
    }
    answer = Answer(200, body, {"Content-Type": content_type})
    with answering(lambda _asked: answer) as server, pytest.raises(KledError) as caught:
        calls[call](store_at(kind, server.url))

    assert isinstance(caught.value, StoreUnavailable), caught.value
    assert "\x1b" not in caught.value.message
    if call in {"list", "versions"}:
        assert server.url in caught.value.message  # who answered
        assert "asked for" in caught.value.message  # and what came instead
        assert caught.value.hint is not None


def test_the_words_tell_a_page_by_its_title() -> None:
    with pytest.raises(StoreUnavailable, match=r'web page, "Sign in to.* the Wi-Fi"'):
        listed("s3", Answer(200, PORTAL, {"Content-Type": "text/html"}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_is_cut_midway_is_no_page(kind: str) -> None:
    whole = page(kind, ["a", "b", "c"])
    cut = Answer(200, whole.body[:-40], whole.headers)

    with pytest.raises(StoreUnavailable, match="breaks off"):
        listed(kind, cut)
    with pytest.raises(StoreUnavailable):
        listed(kind, Answer(200, whole.body, whole.headers, cut=len(whole.body) - 40))


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_page_that_is_none_is_as_much_an_error_as_a_first_one(kind: str) -> None:
    portal = Answer(200, PORTAL, {"Content-Type": "text/html"})

    with pytest.raises(StoreUnavailable):
        listed(kind, page(kind, ["a", "b"], "next"), portal)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_pages_are_a_listing_also_where_one_is_empty(kind: str) -> None:
    found = listed(kind, page(kind, ["a", "b"], "one"), page(kind, [], "two"), page(kind, ["c"]))

    assert found == ["a", "b", "c"]
    assert listed(kind, page(kind, [])) == []


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        ("s3", page("s3", ["a"], None, IsTruncated="true"), "does not name the next"),
        ("s3", page("s3", ["a"], "next", IsTruncated="false"), "names a next one"),
        ("s3", page("s3", ["a"], without=("IsTruncated",)), "does not say whether more"),
        ("s3", page("s3", ["a"], IsTruncated="perhaps"), "does not say whether more"),
        ("s3", page("s3", ["a"], KeyCount="3"), "says that it holds 3 entries, and holds 1"),
        ("azureblob", page("azureblob", ["a"], without=("NextMarker",)), "whether more follow"),
        ("azureblob", page("azureblob", [], without=("Blobs",)), "no place for blobs"),
        ("gs", page("gs", [], items="none"), "cannot be read"),
    ],
)
def test_a_page_that_contradicts_itself_is_refused(kind: str, wrong: Answer, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        listed(kind, wrong)

    assert not caught.value.retryable
    assert caught.value.hint is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_names_itself_as_the_next_one_ends_the_listing_with_an_error(
    kind: str,
) -> None:
    with pytest.raises(StoreError):
        listed(kind, page(kind, ["a"], "one"), page(kind, ["a"], "one"))
    with pytest.raises(StoreError, match="circle"):
        listed(kind, page(kind, ["a"], "one"), page(kind, [], "two"), page(kind, [], "one"))


@pytest.mark.parametrize("kind", KINDS)
def test_keys_that_are_out_of_order_or_twice_there_are_refused(kind: str) -> None:
    with pytest.raises(CapabilityMissing, match="lists 'a' after 'b'"):
        listed(kind, page(kind, ["b", "a"]))
    with pytest.raises(CapabilityMissing, match="lists 'a' after 'a'"):
        listed(kind, page(kind, ["a", "a"]))
    with pytest.raises(CapabilityMissing, match="lists 'a' after 'c'"):
        listed(kind, page(kind, ["b", "c"], "next"), page(kind, ["a"]))


@pytest.mark.parametrize("kind", KINDS)
def test_keys_that_nobody_asked_for_are_refused(kind: str) -> None:
    with answering(lambda _asked: page(kind, ["clusters/a", "other/b"])) as server:
        store = store_at(kind, server.url)

        with pytest.raises(StoreError, match="begin with 'clusters/', and 'other/b' is listed"):
            keys(store, "clusters/")


def test_keys_before_the_start_are_refused_where_the_store_seeks() -> None:
    with (
        answering(lambda _asked: page("s3", ["a", "z"])) as server,
        pytest.raises(StoreError, match="asked for keys after 'm', and 'a' is listed"),
    ):
        keys(store_at("s3", server.url), start_after="m")


def test_an_entry_without_what_every_entry_has_is_refused() -> None:
    whole = page("s3", ["a"]).body
    for part in (b"<Size>1</Size>", b"<Key>a</Key>", b"<ETag>&quot;t&quot;</ETag>"):
        broken = Answer(200, whole.replace(part, b""), {"Content-Type": "application/xml"})
        with pytest.raises(StoreError, match="cannot be read"):
            listed("s3", broken)


def test_versions_that_go_on_in_a_circle_end() -> None:
    body = (
        "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>"
        "<NextVersionIdMarker>1</NextVersionIdMarker></ListVersionsResult>"
    )
    for wrong in (body, body.replace("<NextKeyMarker>a</NextKeyMarker>", "")):
        answer = Answer(200, wrong.encode(), {"Content-Type": "application/xml"})
        with (
            answering(lambda _asked, answer=answer: answer) as server,  # type: ignore[misc]
            pytest.raises(StoreError),
        ):
            list(store_at("s3", server.url).versions())


@pytest.mark.parametrize("kind", KINDS)
def test_a_portal_that_opens_after_a_while_costs_nothing_but_time(kind: str) -> None:
    portal = Answer(200, PORTAL, {"Content-Type": "text/html"})
    closed = [True, True, False, True]

    def answer(asked: Asked) -> Answer:
        if closed and closed.pop():
            return portal
        return page(kind, ["a", "b"])

    with answering(answer) as server:
        store = RetryingStore(store_at(kind, server.url), NO_WAIT)

        assert keys(store) == ["a", "b"]


@pytest.mark.parametrize("method", ["entries", "versions"])
def test_a_page_that_never_comes_ends_the_listing_after_the_usual_attempts(method: str) -> None:
    # another member of fault 79: versions were asked for again and again without an end
    asked = 0

    def answer(one: Asked) -> Answer:
        nonlocal asked
        asked += 1
        if "marker=" in one.path or "start-after=" in one.path or "token=" in one.path:
            return Answer(200, PORTAL, {"Content-Type": "text/html"})
        return first

    first = page("s3", ["a"], "next") if method == "entries" else _versions_page()
    with answering(answer) as server:
        store = RetryingStore(store_at("s3", server.url), NO_WAIT)

        with pytest.raises(StoreUnavailable):
            list(getattr(store, method)())

    assert asked <= 2 * REQUEST.attempts + 2


def _versions_page(truncated: str = "true") -> Answer:
    body = (
        f"<ListVersionsResult><IsTruncated>{truncated}</IsTruncated><NextKeyMarker>a</NextKeyMarker>"
        "<NextVersionIdMarker>1</NextVersionIdMarker><Version><Key>a</Key><VersionId>1</VersionId>"
        f"<IsLatest>true</IsLatest><LastModified>{DATE}</LastModified><ETag>t</ETag><Size>1</Size>"
        "</Version></ListVersionsResult>"
    )
    return Answer(200, body.encode(), {"Content-Type": "application/xml"})


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_with_another_tag_than_was_asked_for_is_not_that_object(kind: str) -> None:
    headers = {
        "ETag": '"2"',
        "X-Goog-Generation": "2",
        "Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT",
        "x-ms-blob-type": "BlockBlob",
    }
    with answering(lambda _asked: Answer(200, b"new", headers)) as server:
        store = store_at(kind, server.url)
        tag = store.get("key").tag

        assert store.get("key", tag=tag).body == b"new"
        with pytest.raises(PreconditionFailed):
            store.get("key", tag=tag.replace("2", "1"))


def test_boto3_still_lets_its_answers_be_looked_at() -> None:
    # its event `before-parse` is documented nowhere; without it kled must not list versions at all
    with answering(lambda _asked: _versions_page("false")) as server:
        assert [one.key for one in store_at("s3", server.url).versions()] == ["a"]

        access = s3_client.S3Access(server.url, "us-east-1", "id", "secret", None, None)
        client = s3_client.connect(access)  # and no `take_over`
        with pytest.raises(StoreError, match="this botocore"):
            list(s3_listing.versions(client, "bucket", "", ""))


def test_an_error_in_an_answer_with_status_200_is_an_error() -> None:
    body = refusing("s3", 503, "SlowDown").body
    with (
        answering(lambda _asked: Answer(200, body, {"Content-Type": "application/xml"})) as server,
        pytest.raises(StoreUnavailable, match="a message"),
    ):
        keys(store_at("s3", server.url))


def test_a_directory_that_is_exchanged_while_it_is_listed_is_not_half_a_listing(
    tmp_path: Path,
) -> None:
    root = tmp_path / "mounted"
    for key in ("a/1", "b/2", "c/3"):
        (root / key).parent.mkdir(parents=True)
        (root / key).touch()
    listing: Iterator[object] = LocalStore(root, NO_WAIT).entries()
    next(listing)
    shutil.move(root, tmp_path / "elsewhere")  # as an unmounted one is: what is left is empty
    root.mkdir()

    with pytest.raises(StoreUnavailable, match="became another directory"):
        list(listing)


def test_a_directory_that_goes_while_it_is_listed_is_missing(tmp_path: Path) -> None:
    root = tmp_path / "mounted"
    (root / "a").mkdir(parents=True)
    (root / "a" / "1").touch()
    (root / "b").touch()
    listing = LocalStore(root, NO_WAIT).entries()
    next(listing)
    shutil.rmtree(root)

    with pytest.raises(BucketMissing):
        list(listing)
