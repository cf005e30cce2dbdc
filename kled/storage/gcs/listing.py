"""Listings of Google Cloud Storage, as its JSON API gives them."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from kled.storage.base import Entry, Version
from kled.storage.gcs.client import GoogleClients
from kled.storage.pages import Pages

_PAGE: Final = "1000"
_FIELDS: Final = "kind,nextPageToken,items(name,size,generation,updated,timeDeleted)"
_LISTING: Final = "storage#objects"
_OBJECT: Final = "storage#object"


class BucketPrefix(NamedTuple):
    """A bucket, and what all names begin with that are this store's."""

    bucket: str
    below: str


def quoted(name: str) -> str:
    """Return an object's name as a part of a path."""
    return quote(name, safe="")


def entries(
    clients: GoogleClients, place: BucketPrefix, prefix: str, start_after: str
) -> Iterator[Entry]:
    """Yield the live objects of the place, by keys without what is above it, in byte order.

    Raises as `Pages` does for an answer that is no page of this listing.
    """
    asked = {"prefix": place.below + prefix}
    if start_after:
        asked["startOffset"] = place.below + start_after
    for item in _items(clients, place, asked):
        key, size = item["name"].removeprefix(place.below), int(item["size"])
        if key > start_after and (size or not key.endswith("/")):
            modified = datetime.fromisoformat(item["updated"])
            yield Entry(key, size, item["generation"], modified, item["generation"])


def versions(clients: GoogleClients, place: BucketPrefix, prefix: str) -> Iterator[Version]:
    """Yield all generations; Google lists those of one object oldest first.

    Raises as `entries` does.
    """
    items = _items(clients, place, {"prefix": place.below + prefix, "versions": "true"})
    for name, group in itertools.groupby(items, key=lambda item: str(item["name"])):
        for item in sorted(group, key=lambda item: int(item["generation"]), reverse=True):
            yield Version(
                name.removeprefix(place.below),
                item["generation"],
                item["generation"],
                int(item["size"]),
                datetime.fromisoformat(item["updated"]),
                latest="timeDeleted" not in item,
                deleted=False,
            )


def described(
    clients: GoogleClients, place: BucketPrefix, name: str, version: str | None
) -> Mapping[str, str]:
    """Return size and generation of one object."""
    asked = {"fields": "kind,size,generation"} | ({"generation": version} if version else {})
    path = f"/storage/v1/b/{place.bucket}/o/{quoted(name)}"
    return clients.ask_json(path, asked, kind=_OBJECT, where=f"gs://{place.bucket}/{name}")


def _items(
    clients: GoogleClients, place: BucketPrefix, asked: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    query = {**asked, "maxResults": _PAGE, "fields": _FIELDS}
    where = f"gs://{place.bucket}/{asked['prefix']}"
    pages = Pages(where, asked["prefix"], repeats="versions" in asked)
    while True:
        path = f"/storage/v1/b/{place.bucket}/o"
        page = clients.ask_json(path, query, kind=_LISTING, where=where)
        items = page.get("items", [])
        if not _are_objects(items):
            pages.refuse("an entry of the listing cannot be read")
        pages.take([item["name"] for item in items])
        yield from items
        if not page.get("nextPageToken"):
            return
        query["pageToken"] = pages.go_on(str(page["nextPageToken"]))


def _are_objects(items: Any) -> bool:  # noqa: ANN401 - of any JSON
    """Say whether every entry has what Google says of every object."""
    try:
        return all(
            isinstance(item["name"], str)
            and int(item["size"]) >= 0
            and item["generation"].isdecimal()
            and datetime.fromisoformat(item["updated"])
            for item in items
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
