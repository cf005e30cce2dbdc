"""Which versions and state stores of kops kled knows."""

from typing import Final

from kled.errors import InvalidInput, VersionRefused
from kled.models.version import KopsVersion
from kled.store_urls import directory, is_directory

OLDEST: Final = (1, 34)
"""The oldest minor version that kled drives; before it flags and documents differ."""
TESTED: Final = (1, 36)
"""The minor version that kled's captures are from."""
STATE_STORES: Final = (
    "s3",
    "gs",
    "azureblob",
    "do",
    "scw",
    "hos",
    "linode",
    "swift",
    "k8s",
    "file",
)
"""The schemes that kops takes; others end as in captures E03, C12-memfs and C12l-vault."""


def check(version: KopsVersion) -> str | None:
    """Return advice on `version`, None where it is the tested one.

    Raises `VersionRefused` for versions older than `OLDEST`.
    """
    if version.minor < OLDEST:
        raise VersionRefused(
            f"kops {version.number} is too old: kled needs {_spell(OLDEST)} or newer",
            hint=f"kled kops install --version=latest, or --version={_spell(TESTED)}.2",
        )
    if version.minor > TESTED:
        return f"newer than {_spell(TESTED)}, the newest that kled was tested with"
    if version.minor < TESTED:
        return f"older than {_spell(TESTED)}, which kled is tested with"
    return None


def as_kops_takes(url: str) -> str:
    """Return the URL that makes kops go to the place which `url` names for kled.

    kops cuts `file://` off and decodes nothing (captures E03c and E03d): `%20` is three letters of
    a directory's name, and `file://localhost/x` a relative path.
    """
    if not is_directory(url):
        return url.rstrip("/")
    path = directory(url)
    return f"file://{path.resolve() if '..' in path.parts else path}"


def check_state_store(url: str) -> None:
    """Raise `InvalidInput` for what kops takes as no state store, or as another one than kled.

    That is an unknown scheme, a relative path, and a bucket's URL with `%`, or with a part that is
    empty, `.` or `..`: kops decodes the one, and cleans the other in some of its keys.
    """
    scheme, separator, rest = url.partition("://")
    if (separator and scheme not in STATE_STORES) or not (separator or url.startswith("/")):
        raise InvalidInput(
            "state store",
            f"{url} is of no kind that kops knows",
            hint=f"write s3://BUCKET; known: {', '.join(f'{known}://' for known in STATE_STORES)}",
        )
    if is_directory(url):
        directory(url)
    elif "%" in rest or {"", ".", ".."} & {*rest.rstrip("/").split("/")[1:]}:
        raise InvalidInput(
            "state store",
            f"{url} is another place for kops than it says: kops decodes `%`, and drops parts that"
            " are empty, `.` or `..` in some of its keys",
            hint=f"write what the objects' keys begin with, each part once: {scheme}://BUCKET/PREFIX",
        )


def _spell(minor: tuple[int, int]) -> str:
    return f"{minor[0]}.{minor[1]}"
