"""The managed installs below `KLED_HOME`: what to install, what is installed, its record."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from kled.errors import ChecksumMismatch
from kled.files import private
from kled.files.locks import locked
from kled.files.swappable import weakness
from kled.install import release
from kled.install.locate import EXECUTABLE
from kled.retry import Clock

logger = logging.getLogger(__name__)

RECORD: Final = "kops.sha256"
"""Beside each executable: its digest as it was published, in the form of `sha256sum`."""

InstallOutcome = Literal["installed", "already installed", "verified"]
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
    outcome: InstallOutcome
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


@contextmanager
def turn(root: Path, clock: Clock, patience: timedelta) -> Iterator[None]:
    """Make `root` and keep other installations out of it; two at once take turns.

    Raises `DeadlineExceeded` where another one takes longer than `patience`, and `DiskUnusable`.
    """
    private.make_directory(root)
    with locked(
        root / ".lock",
        clock,
        patience=patience,
        others="another installation",
        hint="look for another `kled kops install` on this home directory",
    ):
        yield


def intact(root: Path, version: str) -> str | None:
    """Return the digest of an installed version that is as it was recorded; None for any other.

    One that others could have swapped is none, whatever its record says: they could have written
    that, too. Raises `DiskUnusable` where it cannot be read.
    """
    path = executable(root, version)
    expected = recorded(root, version)
    if expected is None or not path.is_file() or not os.access(path, os.X_OK):
        return None
    weak = weakness(path, home=root.parent) or weakness(path.with_name(RECORD), home=root.parent)
    if weak is not None:
        logger.warning("%s %s: installing %s again", weak.place, weak.reason, path)
        return None
    if private.sha256(path) == expected:
        return expected
    logger.warning("%s is damaged: installing it again", path)
    return None


def recorded(root: Path, version: str) -> str | None:
    """Return the digest that was recorded at installation; None where there is none to read."""
    record = root / version / RECORD
    with private.guarded(record):
        try:
            return release.parse_digest(record.read_text(errors="replace"), EXECUTABLE)
        except (FileNotFoundError, ChecksumMismatch):
            return None


def record(root: Path, version: str, digest: str) -> None:
    """Write down the digest of `version`, whose directory is there. Raises `DiskUnusable`."""
    private.write(root / version / RECORD, f"{digest}  {EXECUTABLE}\n")
