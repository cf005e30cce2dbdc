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

from kled import sentences
from kled.errors import KopsMissing, KopsUnsafe
from kled.files.swappable import Weakness, weakness

KopsSource = Literal["KLED_KOPS", "managed", "PATH"]

EXECUTABLE: Final = "kops"
CURRENT: Final = "current"
LATEST: Final = "latest"
INSTALL: Final = f"kled kops install --version={LATEST}"


@dataclass(frozen=True, slots=True)
class Program:
    """The kops to run, as an absolute path, and where it was found."""

    path: Path
    source: KopsSource


def managed_root(home: Path) -> Path:
    """Return the directory below `home` (`KLED_HOME`) that holds the managed installs."""
    return home / "kops"


def locate(*, explicit: Path | None, home: Path, search_path: str) -> Program:
    """Return the kops to drive: `explicit` (`KLED_KOPS`), the managed one, the first on PATH.

    What was chosen is never replaced in silence: where `explicit` or the managed `current` names
    something that cannot be run, `KopsMissing` says so instead of falling through to another kops.
    The managed path names the version, not `current`: a switch under a running operation does not
    change the kops that it drives. Raises `KopsMissing` where there is none, and `KopsUnsafe` where
    others could swap the managed one; what `explicit` or PATH names is its owner's business.
    """
    if explicit is not None:
        return Program(_explicit(explicit), "KLED_KOPS")
    managed = _managed(home)
    if managed is not None:
        return Program(managed, "managed")
    executable = shutil.which(EXECUTABLE, path=search_path)
    if executable is not None:
        return Program(Path(executable).absolute(), "PATH")
    raise KopsMissing(
        "there is no kops: KLED_KOPS is not set, and neither"
        f" {managed_root(home)} nor PATH has one",
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
            f"cannot read {root / CURRENT}: {sentences.reason(error)}",
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


def require_own(path: Path, home: Path) -> None:
    """Raise `KopsUnsafe` where others could put another file in the place of `path`, which exists.

    The managed kops runs with this user's cloud credentials. Its digest is not asked at each run:
    hashing takes longer than a read command may, and who can swap it can write its record, too.
    """
    weak = weakness(path, home=home)
    if weak is not None:
        raise KopsUnsafe(
            f"{weak.place} {weak.reason}, so others can swap the kops that kled runs with your"
            " credentials",
            hint=_way_out(weak, path, home),
        )


def _way_out(weak: Weakness, path: Path, home: Path) -> str:
    """Return what to do: what lies in an own home an installation mends, and brings kops anew."""
    version = path.parent.name if path.name == EXECUTABLE else LATEST
    within = weak.place == home or home in weak.place.parents
    if within and weak.mend.startswith("chmod"):
        return f"`kled kops install --version={version}` closes it to others and brings kops anew"
    return (
        f"{weak.mend}; then `kled kops install --verify-only --version={version}` compares kops"
        " with what is published; or name one that you trust in KLED_KOPS"
    )


def _managed(home: Path) -> Path | None:
    root = managed_root(home)
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
    require_own(path, home)
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
