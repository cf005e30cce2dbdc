"""Directories for one run: private, gone with it, and found by the next one where it was killed.

All lie in one place, `kled-<user id>` below the system's directory for temporary files (TMPDIR). A
run has its own locked as long as it lives, and the kernel drops the lock with it: what nobody has
locked is a dead run's, with kubeconfigs and definitions in it, and the next run removes it.
"""

import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kled.errors import DiskUnusable
from kled.files import beneath
from kled.files.private import guarded
from kled.sentences import word

_RUN: Final = "run-"
_NEW: Final = "new-"
"""What a directory is called until its run has locked it."""
_A_MINUTE: Final = 60.0
_A_DAY: Final = 86_400.0
_EARLIER: Final = re.compile(r"kled-(verify-)?[a-z0-9_]{8}")


def place(base: Path | None = None) -> Path:
    """Return where the directories of this user lie; `base` stands in for TMPDIR.

    Raises `DiskUnusable` where this system has no directory for temporary files.
    """
    with guarded(Path("/tmp"), doing="find a directory for temporary files:"):  # noqa: S108 - named
        return (base or Path(tempfile.gettempdir())) / f"kled-{os.geteuid()}"


@contextmanager
def directory(base: Path | None = None) -> Iterator[Path]:
    """Yield a new directory, 0700, that is removed at the end; remove those of dead runs first.

    Safe to kill: the next call removes what is left. Raises `DiskUnusable`, also where another user
    made the place.
    """
    here = place(base)
    with guarded(here, doing="make a directory in"), _opened(here, make=True) as above:
        for name in _dead(above):
            shutil.rmtree(name, ignore_errors=True, dir_fd=above)
        name, descriptor = _begun(above)
    try:
        yield here / name
    finally:
        shutil.rmtree(here / name, ignore_errors=True)
        os.close(descriptor)


def leftovers(base: Path | None = None) -> list[Path]:
    """Return the directories of dead runs, which nothing has removed yet; only looks."""
    here = place(base)
    try:
        with _opened(here, make=False) as above:
            return [here / name for name in _dead(above)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DiskUnusable(f"cannot look at {here}: {(error.strerror or '').lower()}") from error


def of_earlier(base: Path | None = None, *, now: float | None = None) -> list[Path]:
    """Return what an earlier kled left beside the place: what nothing was made in for a day.

    It made `kled-` and eight characters, or `kled-verify-` and as many, and locked none: nothing
    tells whether a younger one's run is dead. `now` stands in for the clock, in seconds.
    """
    beside = place(base).parent
    latest = (time.time() if now is None else now) - _A_DAY
    with guarded(beside, doing="look at"), os.scandir(beside) as entries:
        return sorted(beside / entry.name for entry in entries if _is_earlier(entry, latest))


def removal_of_earlier(base: Path | None = None) -> str:
    """Return the command that removes just what `of_earlier` finds."""
    beside = word(place(base).parent)
    mine = '-maxdepth 1 -type d -user "$(id -u)" ! -name "kled-$(id -u)" -perm 700 -mtime +0'
    names = r"\( -name 'kled-????????' -o -name 'kled-verify-????????' \)"
    return f"find {beside} {mine} {names} -exec rm -r {{}} +"


def _is_earlier(entry: "os.DirEntry[str]", latest: float) -> bool:
    if not _EARLIER.fullmatch(entry.name) or entry.name == f"kled-{os.geteuid()}":
        return False
    with suppress(OSError):  # gone meanwhile
        state = entry.stat(follow_symlinks=False)
        private = (
            stat.S_ISDIR(state.st_mode) and stat.S_IMODE(state.st_mode) == beneath.PRIVATE.folder
        )
        return private and state.st_uid == os.geteuid() and state.st_mtime < latest
    return False


@contextmanager
def _opened(here: Path, *, make: bool) -> Iterator[int]:
    """Open the place; raise `DiskUnusable` where others own it or may enter it."""
    with beneath.root(here.parent) as base:
        modes = beneath.PRIVATE if make else None
        try:
            descriptor = beneath.step(base, here.name, here.name, make=modes)
        except beneath.NotRegular as error:
            raise _squatted(here, f"is {error.kind}") from None
    try:
        state = os.fstat(descriptor)
        if state.st_uid != os.geteuid():
            raise _squatted(here, f"belongs to the user {state.st_uid}")
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise _squatted(here, f"is open to others (mode {stat.S_IMODE(state.st_mode):o})")
        yield descriptor
    finally:
        os.close(descriptor)


def _squatted(here: Path, reason: str) -> DiskUnusable:
    return DiskUnusable(
        f"{here} {reason}: no secrets are put there",
        hint="remove it, or name another directory: TMPDIR=$HOME/tmp",
    )


def _begun(above: int) -> tuple[str, int]:
    """Make a run's directory, locked as long as its descriptor is open.

    It gets the name by which others find it when it is locked: they would take it for a dead one's.
    """
    number = os.urandom(6).hex()
    descriptor = beneath.step(above, f"{_NEW}{number}", f"{_NEW}{number}", make=beneath.PRIVATE)
    beneath.taken(descriptor)
    os.rename(f"{_NEW}{number}", f"{_RUN}{number}", src_dir_fd=above, dst_dir_fd=above)
    return f"{_RUN}{number}", descriptor


def _dead(above: int) -> list[str]:
    """Return the names of directories of this user that no process has locked."""
    with os.scandir(above) as entries:
        names = sorted(entry.name for entry in entries if entry.name.startswith((_RUN, _NEW)))
    return [name for name in names if _is_dead(above, name)]


def _is_dead(above: int, name: str) -> bool:
    with suppress(OSError):  # gone meanwhile, a link, a file: none of ours
        descriptor = beneath.step(above, name, name)
        try:
            state = os.fstat(descriptor)
            if name.startswith(_NEW) and time.time() - state.st_mtime < _A_MINUTE:
                return False  # its run is about to lock it
            return state.st_uid == os.geteuid() and beneath.taken(descriptor)
        finally:
            os.close(descriptor)
    return False
