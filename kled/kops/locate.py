"""Which kops is driven: `KLED_KOPS`, then the managed install, then PATH (design D9).

Every read command asks this, so nothing heavy is imported here. Below the managed root
`<home>/kops` each version has a directory `<X.Y.Z>` of its own, and the symbolic link `current`
names one of them.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from kled.errors import KopsMissing

Source = Literal["KLED_KOPS", "managed", "PATH"]

EXECUTABLE: Final = "kops"
CURRENT: Final = "current"
INSTALL: Final = "kled kops install --version=latest"


@dataclass(frozen=True, slots=True)
class Program:
    """The kops to run, as an absolute path, and where it was found."""

    path: Path
    source: Source


def managed_root(home: Path) -> Path:
    """Return the directory below `home` (`KLED_HOME`) that holds the managed installs."""
    return home / "kops"


def locate(*, explicit: Path | None, home: Path, search_path: str) -> Program:
    """Return the kops to drive: `explicit` (`KLED_KOPS`), the managed one, the first on PATH.

    What was chosen is never replaced in silence: where `explicit` or the managed `current` names
    something that cannot be run, `KopsMissing` says so instead of falling through to another kops.
    The managed path names the version, not `current`: a switch under a running operation does not
    change the kops that it drives. Raises `KopsMissing` where there is none.
    """
    if explicit is not None:
        return Program(_explicit(explicit), "KLED_KOPS")
    managed = _managed(managed_root(home))
    if managed is not None:
        return Program(managed, "managed")
    found = shutil.which(EXECUTABLE, path=search_path)
    if found is not None:
        return Program(Path(found).absolute(), "PATH")
    raise KopsMissing(
        f"there is no kops: KLED_KOPS is not set, {managed_root(home)} has none, nor has PATH",
        hint=f"install one with `{INSTALL}`, or name yours in KLED_KOPS",
    )


def current_version(root: Path) -> str | None:
    """Return the version that the managed `root` points at; None where it points at none.

    Raises `KopsMissing` where the pointer cannot be read.
    """
    try:
        return (root / CURRENT).readlink().name
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise KopsMissing(
            f"cannot read {root / CURRENT}: {(error.strerror or str(error)).lower()}",
            hint=f"it should be a symbolic link: remove it, then `{INSTALL}`",
        ) from error


def _explicit(path: Path) -> Path:
    problem = _problem(path)
    if problem:
        raise KopsMissing(
            f"KLED_KOPS names {path}, which {problem}",
            hint=f"name a kops executable, or unset KLED_KOPS and install one with `{INSTALL}`",
        )
    return path.absolute()


def _managed(root: Path) -> Path | None:
    version = current_version(root)
    if version is None:
        return None
    path = (root / version / EXECUTABLE).absolute()
    problem = _problem(path)
    if problem:
        raise KopsMissing(
            f"the managed kops {path} {problem}",
            hint=f"repair it with `kled kops install --version={version}`",
        )
    return path


def _problem(path: Path) -> str | None:
    """Say in words why `path` cannot be run; None where it can."""
    try:
        if path.is_dir():
            return "is a directory"
        path.stat()
    except PermissionError:
        return "may not be looked at"
    except OSError:
        return "does not exist"
    if os.access(path, os.X_OK):
        return None
    return "is not executable (its mode, or a disk mounted noexec)"
