"""Listings of every service that were changed on their way: an error, never a short listing.

Fault 79: a prune deletes what a listing lacks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kled.errors import StoreError
from tests.conformance import places
from tests.conformance.changing_proxy import changing
from tests.stores import keys
from tests.unit.storage.answering import Answer, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kled.storage.base import ObjectStore

ENDPOINTS = {
    "s3": "AWS_ENDPOINT_URL",
    "minio": "AWS_ENDPOINT_URL",
    "fake-gcs-server": "STORAGE_EMULATOR_HOST",
    "azurite": "AZURE_STORAGE_BLOB_ENDPOINT",
}
PORTAL = b"<html><head><title>Sign in</title></head><body>to go on</body></html>"
WANTED = [f"clusters/c/{number}" for number in range(5)]


@pytest.fixture(
    params=[
        "s3",
        *(pytest.param(kind, marks=pytest.mark.emulators) for kind in list(ENDPOINTS)[1:]),
    ]
)
def between(request: pytest.FixtureRequest) -> Iterator[Between]:
    """A store with five objects, behind a proxy that changes nothing yet."""
    place = places.made(request.param, request)
    for key in WANTED:
        place.open().put(key, b"x")
    variable = ENDPOINTS[request.param]
    found = Between()
    with changing(place.env[variable], found.changed) as server:
        # what follows host and port in the endpoint is Azurite's account
        host, endpoint = urlsplit(server.url).netloc, urlsplit(place.env[variable])
        behind = replace(
            place, env={**place.env, variable: endpoint._replace(netloc=host).geturl()}
        )
        found.store = behind.open()
        yield found


class Between:
    """What the proxy does to listings."""

    store: ObjectStore

    def __init__(self) -> None:
        self.change: Callable[[Answer], Answer] = lambda answer: answer

    def changed(self, asked: Asked, answer: Answer) -> Answer:
        return self.change(answer) if asked.method == "GET" else answer


def test_what_comes_as_it_was_sent_is_listed(between: Between) -> None:
    assert keys(between.store, "clusters/") == WANTED


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: Answer(200, PORTAL, {"Content-Type": "text/html"}),
        lambda answer: Answer(200, PORTAL, answer.headers),
        lambda answer: Answer(200, b"", answer.headers),
        lambda answer: Answer(200, answer.body[: len(answer.body) // 2], answer.headers),
        lambda answer: Answer(200, answer.body, answer.headers, cut=len(answer.body) // 2),
        lambda answer: replace(answer, body=answer.body.replace(b"clusters/c/", b"others/d/")),
        lambda answer: replace(answer, body=re.sub(rb"(?s)c/1\b", b"c/3", answer.body)),
    ],
    ids=["portal", "portal as XML", "empty", "half", "broken off", "foreign keys", "disorder"],
)
def test_what_was_changed_on_its_way_is_an_error(
    between: Between, change: Callable[[Answer], Answer]
) -> None:
    between.change = change

    with pytest.raises(StoreError):
        keys(between.store, "clusters/")
