"""How the URL of a store is spelled, and whether two name one store. No store is asked.

One place has many spellings; `canonical` gives the one that kled's settings and documents have.
Whether links make two directories one the file system tells (`is_same`). In buckets letters count:
what differs in case, prefix or protocol is another place. A URL does not say at which endpoint its
bucket is, so nothing here tells that.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote

from kled.errors import InvalidInput

T = TypeVar("T")
_FILE: Final = "file:"
_SERVICES: Final = frozenset({"do", "scw", "hos"})
_LOCAL: Final = "//localhost/"


def with_scheme(endpoint: str) -> str:
    """Return the endpoint of a service as a URL; without a scheme `https://` is meant."""
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def require_endpoint(url: str, endpoint: str | None) -> None:
    """Raise `InvalidInput` for a store of a service without its endpoint.

    Requests for it would go to Amazon.
    """
    scheme = url.partition("://")[0]
    if scheme in _SERVICES and not endpoint:
        raise InvalidInput(
            "S3_ENDPOINT", f"{scheme}:// needs it", hint="set it to the service's URL, as for kops"
        )


def is_directory(url: str) -> bool:
    """Say whether `url` is meant to name a directory: it begins with `/`, or with `file:`."""
    return url.startswith("/") or url[: len(_FILE)].lower() == _FILE


def directory(url: str) -> Path:
    """Return the absolute path that a file:// URL or a path from `/` names.

    A URL is percent-encoded, a path is not; `?` and `#` are characters like others in both. Raises
    `InvalidInput` for what is no absolute path.
    """
    if not is_directory(url):
        raise _no_path(url)
    if url.startswith("/"):
        path = url
    else:
        path = url[len(_FILE) :]
        local = path[: len(_LOCAL)].lower() == _LOCAL
        path = path[len(_LOCAL) - 1 :] if local else path.removeprefix("//")
        # names of directories are bytes: what is no UTF-8 stays what it is
        path = unquote(path, errors="surrogateescape")
    if not path.startswith("/"):
        raise _no_path(url)
    return Path(f"/{path.lstrip('/')}")  # `//` at the beginning stays in a Path


def canonical(url: str) -> str:
    """Return the one spelling of `url`: a directory's percent-encoded, none with a last slash.

    What is no URL of a store comes back as it is: whoever opens it refuses it.
    """
    try:
        return directory(url).as_uri() if is_directory(url) else url.rstrip("/")
    except (InvalidInput, ValueError):
        return url


def undecoded(url: str) -> str:
    """Return what names the same place to whoever decodes no URL: of a directory its path."""
    try:
        return str(directory(url)) if is_directory(url) else url
    except InvalidInput:
        return url


def is_same(url: str, other: str) -> bool:
    """Say whether both name the same place: a last slash, and links of directories, do not count.

    Where either is no URL of a store they are the same only letter by letter.
    """
    return url == other or _spelled(url) == _spelled(other)


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


def _no_path(url: str) -> InvalidInput:
    return InvalidInput(
        "state store", f"{url} is not an absolute path", hint="write file:///path/to/directory"
    )
