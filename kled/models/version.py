"""The versions of a kops executable and of Kubernetes."""

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Final

_KUBERNETES: Final = re.compile(
    r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?",
    re.ASCII,
)
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_SHORT: Final = re.compile(r"v?(\d{1,9})\.(\d{1,9})", re.ASCII)
_IN_URL: Final = re.compile(r"/v(1)\.(\d{1,9})\.", re.ASCII)


@dataclass(frozen=True, slots=True)
class KopsVersion:
    """What `kops version` says of itself."""

    number: str
    """For example `1.36.2`, or `1.37.0-beta.1`."""
    commit: str = ""
    simulated: bool = False
    """Whether it is kled's simulated kops, which proves nothing about a real cloud."""

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor version as numbers."""
        major, minor = self.number.split(".")[:2]
        return int(major), int(minor)

    def __str__(self) -> str:
        return self.number + (" (simulated)" if self.simulated else "")

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"number": self.number, "commit": self.commit, "simulated": self.simulated}


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class KubernetesVersion:
    """A version of Kubernetes; compares as versions do, a pre-release before its release."""

    text: str
    """As it was given, without a leading `v`."""
    numbers: tuple[int, int, int]
    pre: tuple[tuple[bool, int, str], ...] | None = None
    """The parts of a pre-release, in the form by which they compare; None for a release."""

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor version as numbers."""
        return self.numbers[:2]

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KubernetesVersion):
            return NotImplemented
        return self._rank == other._rank

    def __lt__(self, other: "KubernetesVersion") -> bool:
        return self._rank < other._rank

    def __hash__(self) -> int:
        return hash(self._rank)

    @property
    def _rank(self) -> tuple[object, ...]:
        return self.numbers, self.pre is None, self.pre or ()


def kubernetes_version(text: str) -> KubernetesVersion | None:
    """Return the version that somebody gives: all three numbers; None for anything else."""
    match = _KUBERNETES.fullmatch(text)
    if match is None:
        return None
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    return KubernetesVersion(text.removeprefix("v"), numbers, _pre(match[4]))


def stored_version(text: str) -> KubernetesVersion | None:
    """Return the version that a definition holds, as kops reads it: `1.36` and URLs, too.

    Of a URL kops knows no more than the minor version.
    """
    version = kubernetes_version(text)
    match = _SHORT.fullmatch(text) or _IN_URL.search(text)
    if version is None and match is not None:
        return KubernetesVersion(text, (int(match[1]), int(match[2]), 0))
    return version


def _pre(text: str | None) -> tuple[tuple[bool, int, str], ...] | None:
    if text is None:
        return None
    return tuple(
        (not _DIGITS.fullmatch(part), int(part) if _DIGITS.fullmatch(part) else 0, part)
        for part in text.split(".")
    )
