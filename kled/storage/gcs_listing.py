"""Listings of Google Cloud Storage, as its JSON API gives them."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from kled.storage.base import Entry, Version
from kled.storage.gcs_client import Clients

_PAGE: Final = "1000"
_FIELDS: Final = "nextPageToken,items(name,size,generation,updated,timeDeleted)"


def quoted(name: str) -> str:
    """Return an object's name as a part of a path."""
    return quote(name, safe="")


def entries(
    clients: Clients, bucket: str, below: str, prefix: str, start_after: str
) -> Iterator[Entry]:
    """Yield the live objects below `below`, which their keys do not show, in byte order."""
    asked = {"prefix": below + prefix}
    if start_after:
        asked["startOffset"] = below + start_after
    for item in _items(clients, bucket, asked):
        key, size = item["name"].removeprefix(below), int(item["size"])
        if key > start_after and (size or not key.endswith("/")):
            modified = datetime.fromisoformat(item["updated"])
            yield Entry(key, size, item["generation"], modified, item["generation"])


def versions(clients: Clients, bucket: str, below: str, prefix: str) -> Iterator[Version]:
    """Yield all generations; Google lists those of one object oldest first."""
    items = _items(clients, bucket, {"prefix": below + prefix, "versions": "true"})
    for name, group in itertools.groupby(items, key=lambda item: str(item["name"])):
        for item in sorted(group, key=lambda item: int(item["generation"]), reverse=True):
            yield Version(
                name.removeprefix(below),
                item["generation"],
                item["generation"],
                int(item["size"]),
                datetime.fromisoformat(item["updated"]),
                latest="timeDeleted" not in item,
                deleted=False,
            )


def described(clients: Clients, bucket: str, name: str, version: str | None) -> Mapping[str, str]:
    """Return size and generation of one object."""
    asked = {"fields": "size,generation"} | ({"generation": version} if version else {})
    found: Mapping[str, str] = clients.ask_json(f"/storage/v1/b/{bucket}/o/{quoted(name)}", asked)
    return found


def _items(clients: Clients, bucket: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    query = {**asked, "maxResults": _PAGE, "fields": _FIELDS}
    while True:
        page = clients.ask_json(f"/storage/v1/b/{bucket}/o", query)
        yield from page.get("items", ())
        if not page.get("nextPageToken"):
            return
        query["pageToken"] = page["nextPageToken"]
