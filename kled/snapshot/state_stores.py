"""Whether two URLs name one state store, as manifests, runs and epochs spell them. Asks none."""

from collections.abc import Iterable
from functools import lru_cache

from kled.errors import InvalidInput
from kled.storage.url import directory


def is_same(one: str, other: str) -> bool:
    """Say whether both name the same place: a last slash, and links of directories, do not count.

    Where either is no URL of a store they are the same only letter by letter.
    """
    return one == other or _spelled(one) == _spelled(other)


def is_among(url: str, others: Iterable[str]) -> bool:
    """Say whether `url` names the place of one of `others`."""
    return any(is_same(url, other) for other in others)


@lru_cache(maxsize=4096)
def _spelled(url: str) -> str:
    if url.startswith(("file:", "/")):
        try:
            return directory(url).resolve().as_uri()
        except (InvalidInput, ValueError, OSError, RuntimeError):  # a manifest may say anything
            return url
    return url.rstrip("/")
