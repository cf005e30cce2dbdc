"""A state store lies beside clusters, never within one that it would become a part of."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kled.errors import InvalidInput, KledError
from kled.models.definition import object_name
from kled.operations.fleet.registered import home
from kled.store_urls import directory, is_directory

if TYPE_CHECKING:
    from kled.operations.stores import Stores


def require_root(stores: "Stores", url: str, field: str) -> None:
    """Raise `InvalidInput` for a URL of, or within, a directory that is a cluster's own.

    `field` names what holds the URL. Only reads: an object for each part of its path. A part that
    may not be read is passed over.
    """
    for parent, name in _places(url):
        try:
            outer = home(stores.other(parent), name)
        except KledError:
            continue
        if outer is not None and outer.cluster.get("kind") == "Cluster":
            cluster = object_name(outer.cluster) or name
            raise InvalidInput(
                field,
                f'{url} lies within cluster "{cluster}", whose state is at'
                f" {parent.rstrip('/')}/{name}: another cluster's keys would become part of its"
                " state; nothing was changed",
                hint=f"is {parent} the state store that is meant? else name a place beside it",
            )


def _places(url: str) -> Iterator[tuple[str, str]]:
    """Yield each place that the URL is or lies within, as a store's URL and a name in it."""
    from kled.storage.url import bucket_and_prefix  # noqa: PLC0415 - not for --help

    scheme, _, rest = url.partition("://")
    if scheme == "memory":
        return
    if is_directory(url):
        path = directory(url).resolve()
        for place in (path, *path.parents):
            if place.name:
                yield place.parent.as_uri(), place.name
        return
    prefix = bucket_and_prefix(url)[1].strip("/")
    root = f"{scheme}://{rest.strip('/').removesuffix(prefix).rstrip('/')}"
    parts = prefix.split("/") if prefix else []
    for length in range(len(parts), 0, -1):
        yield root, "/".join(parts[:length])
