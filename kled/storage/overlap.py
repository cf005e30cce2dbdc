"""Whether two stores are one place, or one lies within the other, however they are spelled."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kled.storage.base import Location
from kled.store_urls import directory

_NEW_EACH_TIME: Final = "memory://"
_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn")


def overlap(first: Location, second: Location) -> bool:
    """Say whether the two are the same place or one holds the other.

    Buckets are told apart by their endpoint, not by the region; AWS itself is one endpoint.
    Directories are compared as the file system has them: symbolic links, other spellings and the
    same directory mounted twice are one place, and what does not exist yet is where it would be.
    Takes locations as `url.located` or a store gives them.
    """
    return _holds(first, second) or _holds(second, first)


def is_one(first: Location, second: Location) -> bool:
    """Say whether the two are the same place; takes and compares locations as `overlap` does."""
    return _holds(first, second) and _holds(second, first)


def _holds(outer: Location, inner: Location) -> bool:
    """Say whether `inner` is `outer` or lies below it."""
    if _NEW_EACH_TIME in {outer.url, inner.url}:
        return False
    if outer.url.startswith("file:") and inner.url.startswith("file:"):
        return _within(directory(inner.url), directory(outer.url))
    return _place(inner).startswith(_place(outer))


def _place(location: Location) -> str:
    endpoint = (location.endpoint or "").rstrip("/").lower()
    if (urlsplit(endpoint).hostname or "").endswith(_AWS):
        endpoint = ""
    scheme, _, rest = location.url.partition("://")
    return f"{scheme.lower()} {endpoint} {rest.strip('/')}/"


def _within(inner: Path, outer: Path) -> bool:
    """Say whether `inner` is `outer` or lies below it."""
    inner, outer = inner.resolve(), outer.resolve()
    if inner.is_relative_to(outer):
        return True
    states = list(_states([outer]))
    return bool(states) and any(
        os.path.samestat(state, states[0]) for state in _states([inner, *inner.parents])
    )


def _states(paths: list[Path]) -> Iterator[os.stat_result]:
    for path in paths:
        try:
            yield path.stat()
        except OSError:
            continue
