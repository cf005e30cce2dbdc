"""Names of kops releases: versions, platforms, addresses and published digests. No I/O.

Two layouts are known, both from the release scripts of kubernetes/kops
(`hack/promote-to-github.sh`, which copies the second into the first):

- releases: `<base>/releases/download/v1.36.2/kops-linux-amd64`, the layout of GitHub;
- artifacts: `<base>/1.36.2/linux/amd64/kops`, the layout of the project's own static tree.

Beside each file lies `<file>.sha256`: 64 hexadecimal digits and a newline, without a name.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kled.errors import ChecksumMismatch, InvalidInput, ReleaseMissing

OFFICIAL: Final = "https://github.com/kubernetes/kops"
LATEST: Final = "latest"

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,5})"
_VERSION: Final = re.compile(
    rf"v?({_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-(?:alpha|beta|rc)\.{_NUMBER})?)", re.ASCII
)
_DIGEST_LINE: Final = re.compile(r"\\?([0-9a-fA-F]{64})(?:[ \t]+\*?(\S.*))?", re.ASCII)
_SYSTEMS: Final = {"linux": "linux", "darwin": "darwin"}
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and an architecture, in the words of kops' file names."""

    system: str
    machine: str

    def __str__(self) -> str:
        return f"{self.system}/{self.machine}"


def platform_of(system: str, machine: str) -> Platform:
    """Translate what `platform.system()` and `platform.machine()` say.

    Raises `ReleaseMissing` for what kops is not published for.
    """
    known = _SYSTEMS.get(system.lower()), _MACHINES.get(machine.lower())
    if known[0] is None or known[1] is None:
        raise ReleaseMissing(
            f"kops is not published for {system.lower()}/{machine.lower()}",
            hint="published: linux and darwin, each for amd64 and arm64; "
            "build your own and name it in KLED_KOPS",
        )
    return Platform(known[0], known[1])


def parse_version(text: str) -> str:
    """Return `X.Y.Z` or `X.Y.Z-beta.N` without a leading `v`; raise `InvalidInput` otherwise.

    What is returned is safe as the name of a directory and as a part of a URL.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            "version",
            f"{text!r} is not a kops version",
            hint="say X.Y.Z, for example 1.36.2 or 1.37.0-beta.1, or latest",
        )
    return match.group(1)


def is_prerelease(version: str) -> bool:
    """Say whether `version`, as `parse_version` returns it, is an alpha, beta or candidate."""
    return "-" in version


def parse_mirror(text: str | None) -> str:
    """Return the base address: `text` (`KLED_KOPS_MIRROR`) or GitHub's.

    Raises `InvalidInput` for what is no http(s) address; its message never repeats a password.
    """
    if text is None:
        return OFFICIAL
    parts = _split(text)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput(
            "KLED_KOPS_MIRROR",
            "is not an http(s) address",
            hint=f"it stands in for {OFFICIAL}, for example https://mirror.example.com/kops",
        )
    return text.rstrip("/")


def addresses(base: str, version: str, platform: Platform) -> tuple[str, ...]:
    """Return where the executable may lie, the likelier first; GitHub has one layout only."""
    name = f"kops-{platform.system}-{platform.machine}"
    first = join(base, f"releases/download/v{version}/{name}")
    second = join(base, f"{version}/{platform.system}/{platform.machine}/kops")
    return (first,) if base == OFFICIAL else (first, second)


def join(base: str, path: str) -> str:
    """Append `path` to the path of `base`; a query (a mirror's access token) stays last."""
    parts = urlsplit(base)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{path}", fragment="").geturl()


def digest_address(address: str) -> str:
    """Return where the digest of the file at `address` is published."""
    parts = urlsplit(address)
    return parts._replace(path=f"{parts.path}.sha256").geturl()


def shown(address: str) -> str:
    """Return `address` without user, password and query: fit for messages and logs."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def parse_digest(text: str, address: str) -> str:
    """Read a `.sha256` file that stands for the file at `address`: `<hex>` or `<hex>  <name>`.

    A file of several lines counts where one of them names the file. Returns lower-case digits.
    Raises `ChecksumMismatch` for anything else, for example a login page of a proxy.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    matches = [match for line in lines if (match := _DIGEST_LINE.fullmatch(line))]
    if len(lines) > 1:
        name = urlsplit(address).path.rpartition("/")[2]
        matches = [
            listed for listed in matches if (listed.group(2) or "").rpartition("/")[2] == name
        ]
    digests = {match.group(1).lower() for match in matches}
    if len(digests) != 1:
        raise ChecksumMismatch(
            f"{shown(digest_address(address))} holds no sha256 digest",
            hint="a proxy or the mirror may have answered with a page of its own",
        )
    return digests.pop()


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return None
    return parts
