"""What the publisher says: which release is the latest, and a release's digest.

GitHub answers `/releases/latest` with a redirect to `/releases/tag/<tag>`, for the newest release
that is neither a draft nor a pre-release. A plain static mirror cannot redirect: it keeps the
version as the text of a file, `releases/latest` or `stable.txt`.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urljoin

import httpx

from kled.errors import InvalidInput, ReleaseMissing
from kled.install import release
from kled.install.fetch import opened, same_safety, small_text
from kled.install.release import Platform, shown

_TAG: Final = re.compile(r"/releases/tag/([^/?#]+)")
_HOPS: Final = 5


@dataclass(frozen=True, slots=True)
class Published:
    """A published executable: its address and the lower-case sha256 that it must have."""

    address: str
    sha256: str


def latest(http: httpx.Client, base: str) -> str:
    """Return the version of the latest release at `base`, never a pre-release.

    Raises `ReleaseMissing` where the server does not say, and what `opened` raises.
    """
    files = ("releases/latest",) if base == release.OFFICIAL else ("releases/latest", "stable.txt")
    for file in files:
        version = _named_by(http, release.join(base, file))
        if version is None:
            continue
        if release.is_prerelease(version):
            raise ReleaseMissing(
                f"{shown(base)} calls the pre-release {version} its latest",
                hint=f"if you want it, say so: --version={version}",
            )
        return version
    raise ReleaseMissing(
        f"{shown(base)} does not say which kops is the latest",
        hint="name one with --version=X.Y.Z; a static mirror says it with a file `stable.txt` "
        "that holds the version",
    )


def published(http: httpx.Client, base: str, version: str, platform: Platform) -> Published:
    """Return where `version` is published for `platform`, with its digest.

    Raises `ReleaseMissing` naming what was asked for, `ChecksumMismatch` where the digest cannot
    be read, and what `opened` raises.
    """
    answers = []
    for address in release.addresses(base, version, platform):
        try:
            with opened(http, release.digest_address(address)) as answer:
                text = small_text(answer)
        except ReleaseMissing as error:
            answers.append(error.message)
        else:
            return Published(address, release.parse_digest(text, address))
    raise ReleaseMissing(
        f"kops {version} for {platform} is not published at {shown(base)}",
        hint=f"{'; '.join(answers)}; versions look like 1.36.2 or 1.37.0-beta.1, and "
        f"{release.OFFICIAL}/releases lists them",
    )


def _named_by(http: httpx.Client, address: str) -> str | None:
    """Return the version that `address` redirects to or holds as text; None for neither."""
    for _ in range(_HOPS):
        try:
            with opened(http, address, follow=False) as answer:
                if not answer.has_redirect_location:
                    return _version(small_text(answer))
                target = urljoin(address, answer.headers["location"])
        except ReleaseMissing:
            return None
        same_safety(address, target)
        tag = _TAG.search(target)
        if tag:
            return _version(unquote(tag.group(1)))
        address = target
    return None


def _version(text: str) -> str | None:
    try:
        return release.parse_version(text)
    except InvalidInput:
        return None
