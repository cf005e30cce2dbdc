"""What only a real account of Azure answers: versions, and other orders of listings."""

from __future__ import annotations

import time

import pytest

from kled.errors import CapabilityMissing
from kled.retry import Clock
from kled.storage.base import Location, ObjectStore
from kled.storage.url import adapter
from tests.stores import keys
from tests.unit.storage.answering import Answer, Asked, answering

CLOCK = Clock(time.monotonic, time.sleep)


def blob(name: str, version: str = "", *, current: bool = False) -> str:
    versions = f"<VersionId>{version}</VersionId>" if version else ""
    versions += "<IsCurrentVersion>true</IsCurrentVersion>" if current else ""
    return (
        f"<Blob><Name>{name}</Name>{versions}<Properties><Content-Length>1</Content-Length>"
        "<Last-Modified>Wed, 25 Nov 2026 00:00:00 GMT</Last-Modified><BlobType>BlockBlob</BlobType>"
        f"<Etag>0x{version or 7}</Etag></Properties></Blob>"
    )


def listing(*blobs: str) -> Answer:
    body = f"<EnumerationResults><Blobs>{''.join(blobs)}</Blobs><NextMarker/></EnumerationResults>"
    return Answer(200, body.encode(), {"Content-Type": "application/xml"})


def store_at(endpoint: str) -> ObjectStore:
    env = {"AZURE_STORAGE_BLOB_ENDPOINT": endpoint, "AZURE_STORAGE_SAS_TOKEN": "sig=x"}
    return adapter(Location("azureblob://account/container/at"), env, CLOCK)


def test_versions_come_newest_first_and_what_has_no_latest_is_gone() -> None:
    found = listing(
        blob("at/a", "1"), blob("at/a", "2", current=True), blob("at/b", "3"), blob("at/b", "4")
    )
    with answering(lambda _asked: found) as server:
        versions = list(store_at(server.url).versions())

    assert [(one.key, one.version) for one in versions] == [
        ("a", "2"),
        ("a", "1"),
        ("b", "4"),
        ("b", "3"),
    ]
    assert [one.latest for one in versions] == [True, False, False, False]
    assert "include=versions" in server.asked[0].path


def test_an_older_version_is_asked_for_by_name() -> None:
    headers = {"ETag": '"0x1"', "Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT"}

    def answer(asked: Asked) -> Answer:
        return Answer(200, b"old" if "versionid=1" in asked.path.lower() else b"new", headers)

    with answering(answer) as server:
        store = store_at(server.url)

        assert store.get("a", version="1").body == b"old"
        assert store.get("a").body == b"new"


def test_an_account_that_keeps_no_versions_says_so() -> None:
    with (
        answering(lambda _asked: listing(blob("at/a"))) as server,
        pytest.raises(CapabilityMissing, match="no older versions"),
    ):
        list(store_at(server.url).versions())


def test_an_account_that_lists_in_another_order_is_refused() -> None:
    with (
        answering(lambda _asked: listing(blob("at/a/z"), blob("at/a.b"))) as server,
        pytest.raises(CapabilityMissing) as caught,
    ):
        keys(store_at(server.url))

    assert "hierarchical namespace" in str(caught.value.hint)
