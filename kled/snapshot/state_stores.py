"""Whether two URLs name one state store, as manifests, runs and epochs spell them. Asks none.

Letters count, as buckets' names and keys have them: what differs in case, prefix or protocol is
another place. A URL does not say at which endpoint its bucket is, so nothing here tells that.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from kled.errors import InvalidInput
from kled.store_urls import canonical, directory, is_directory

T = TypeVar("T")


def is_same(one: str, other: str) -> bool:
    """Say whether both name the same place: a last slash, and links of directories, do not count.

    Where either is no URL of a store they are the same only letter by letter.
    """
    return one == other or _spelled(one) == _spelled(other)


def is_among(url: str, others: Iterable[str]) -> bool:
    """Say whether `url` names the place of one of `others`."""
    return any(is_same(url, other) for other in others)


def of_store(by_url: Mapping[str, T], url: str) -> T | None:
    """Return what is known of the place that `url` names, however it is spelled there."""
    if url in by_url:
        return by_url[url]
    return next((value for spelled, value in by_url.items() if is_same(spelled, url)), None)


def _spelled(url: str) -> str:
    """Return one spelling for each place; links are looked at each time: somebody may turn one."""
    if not is_directory(url):
        return canonical(url)
    try:
        return directory(url).resolve().as_uri()
    except (InvalidInput, ValueError, OSError, RuntimeError):  # a manifest may say anything
        return url
