"""The managed installs below `KLED_HOME`: what to install, what is installed, its record."""

import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from kled.errors import ChecksumMismatch
from kled.kops import disk, release
from kled.kops.locate import EXECUTABLE

logger = logging.getLogger(__name__)

RECORD: Final = "kops.sha256"
"""Beside each executable: its digest as it was published, in the form of `sha256sum`."""

Outcome = Literal["installed", "already installed", "verified"]
Against = Literal["published", "recorded"]


@dataclass(frozen=True, slots=True)
class Request:
    """What to install, and where."""

    version: str
    """`X.Y.Z` or `latest`; with `verify_only`, `latest` means the one that is in use."""
    home: Path
    platform: release.Platform
    mirror: str | None = None
    """`KLED_KOPS_MIRROR`; None means GitHub."""
    verify_only: bool = False


@dataclass(frozen=True, slots=True)
class Installed:
    """A managed kops whose bytes were just hashed and are the right ones."""

    version: str
    path: Path
    sha256: str
    outcome: Outcome
    against: Against
    """Whether the digest was compared with what is published now or with the record of then."""
    replaced: str | None = None
    """The version that was in use before, where it was another one."""

    def as_json(self) -> dict[str, str | None]:
        """Return plain values."""
        return {**asdict(self), "path": str(self.path)}


def executable(root: Path, version: str) -> Path:
    """Return where the executable of `version` lies."""
    return (root / version / EXECUTABLE).absolute()


def intact(root: Path, version: str) -> str | None:
    """Return the digest of an installed version that is as it was recorded; None for any other.

    Raises `DiskUnusable` where it cannot be read.
    """
    path = executable(root, version)
    expected = recorded(root, version)
    if expected is None or not path.is_file() or not os.access(path, os.X_OK):
        return None
    if disk.sha256(path) == expected:
        return expected
    logger.warning("%s is damaged: installing it again", path)
    return None


def recorded(root: Path, version: str) -> str | None:
    """Return the digest that was recorded at installation; None where there is none to read."""
    record = root / version / RECORD
    with disk.guarded(record):
        try:
            return release.parse_digest(record.read_text(errors="replace"), EXECUTABLE)
        except (FileNotFoundError, ChecksumMismatch):
            return None


def record(root: Path, version: str, digest: str) -> None:
    """Write down the digest of `version`, whose directory is there. Raises `DiskUnusable`."""
    disk.write_text(root / version / RECORD, f"{digest}  {EXECUTABLE}\n")
