"""How the URL of a store is spelled. Pure: nothing is asked, not even the file system.

One place has many spellings; `canonical` gives the one that kled's settings and documents have.
Whether links make two directories one only `kled.snapshot.state_stores` can tell.
"""

from pathlib import Path
from typing import Final
from urllib.parse import unquote

from kled.errors import InvalidInput

_FILE: Final = "file:"
_LOCAL: Final = "//localhost/"


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


def _no_path(url: str) -> InvalidInput:
    return InvalidInput(
        "state store", f"{url} is no absolute path", hint="write file:///path/to/directory"
    )
