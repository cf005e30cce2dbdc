"""Files below a directory, reached one directory at a time, so that no symbolic link is followed.

The directory itself may be reached through links: somebody named it. Each step below it is opened
relative to the one before, and never through a link (openat(2) with O_NOFOLLOW): a link that
somebody puts in place meanwhile leads nowhere. Nothing here blocks on what is no file: a FIFO or a
device is looked at, not opened. Descriptors belong to the caller. All of it raises `OSError`.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_QUIET: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS: Final = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotRegular(OSError):
    """What stands at `place` is neither a file nor a directory; `kind` names it in words."""

    def __init__(self, place: str, kind: str) -> None:
        super().__init__(errno.ELOOP, f"is {kind}", place)
        self.place = place
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Modes:
    """Who may use what is made."""

    folder: int = 0o700
    file: int = 0o600


PRIVATE: Final = Modes()
"""The owner alone."""
_GROUP: Final = Modes(0o2770, 0o660)


def modes_below(root: os.stat_result) -> Modes:
    """Return `PRIVATE`, or the group's where the directory is one that a group shares.

    Such a one carries the set-group-ID bit and lets its group write (`chmod 2770`); nobody else
    gets anything even there. The umask has no say.
    """
    shared = root.st_mode & stat.S_ISGID and root.st_mode & stat.S_IWGRP
    return _GROUP if shared else PRIVATE


def kind_of(state: os.stat_result) -> str | None:
    """Return what is no regular file in words; None for one that is."""
    if stat.S_ISREG(state.st_mode):
        return None
    return _KINDS.get(stat.S_IFMT(state.st_mode), "neither a file nor a directory")


def seen(folder: int, name: str) -> os.stat_result | None:
    """Return the state of what stands there, itself and not what it points to; None: nothing."""
    with suppress(FileNotFoundError):
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    return None


@contextmanager
def root(path: Path) -> Iterator[int]:
    """Open the directory that somebody named, through links where it is one."""
    with _closing(os.open(path, _DIRECTORY)) as descriptor:
        yield descriptor


@contextmanager
def folder(above: int, parts: Sequence[str], *, make: Modes | None = None) -> Iterator[int]:
    """Open the directory `parts` below `above`; with `make`, make what is missing of it.

    Raises `FileNotFoundError`, `NotADirectoryError` where a file is on the way, and `NotRegular`
    where a link or the like is.
    """
    descriptor = os.dup(above)
    try:
        for number, name in enumerate(parts):
            below = step(descriptor, name, "/".join(parts[: number + 1]), make=make)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def step(above: int, name: str, place: str, *, make: Modes | None = None) -> int:
    """Open one directory; `place` names it in errors, which are those of `folder`."""
    made = make is not None and _made(above, name, make.folder)
    try:
        descriptor = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    except NotADirectoryError:
        state = seen(above, name)
        if state is None or stat.S_ISREG(state.st_mode):
            reason = os.strerror(errno.ENOTDIR)
            raise NotADirectoryError(errno.ENOTDIR, reason, place) from None
        raise NotRegular(place, kind_of(state) or "") from None
    if make is not None and made:
        _set_mode(descriptor, make.folder)
        os.fsync(above)
    return descriptor


def open_file(folder: int, name: str, place: str) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; `place` names it in errors.

    Raises `FileNotFoundError`, `IsADirectoryError`, and `NotRegular` for all else.
    """
    _require_regular(os.stat(name, dir_fd=folder, follow_symlinks=False), place)
    descriptor = os.open(name, os.O_RDONLY | _QUIET, dir_fd=folder)
    try:
        state = os.fstat(descriptor)
        _require_regular(state, place)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, state


def make_file(folder: int, name: str, modes: Modes = PRIVATE) -> int:
    """Make a file that was not there and open it for writing. Raises `FileExistsError`."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _QUIET
    descriptor = os.open(name, flags, modes.file, dir_fd=folder)
    _set_mode(descriptor, modes.file)
    return descriptor


def lock_file(folder: int, name: str, place: str, modes: Modes = PRIVATE) -> int:
    """Open the file at `name` for a lock, and make it where it is missing.

    Raises `NotRegular` where something else stands there.
    """
    with suppress(FileExistsError):
        return make_file(folder, name, modes)
    _require_regular(os.stat(name, dir_fd=folder, follow_symlinks=False), place)
    return os.open(name, os.O_RDWR | _QUIET, dir_fd=folder)


def taken(descriptor: int) -> bool:
    """Lock an open file until it is closed; False where another process has it locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_dead(folder: int, prefix: str) -> None:
    """Remove this user's files that begin with `prefix` and that no process has locked.

    Each belongs to a writer that locks it as long as it lives. Nothing else is touched: no link, no
    directory, nothing of other users.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(prefix)]
    for name in names:
        with suppress(FileNotFoundError, IsADirectoryError, PermissionError, NotRegular):
            descriptor, state = open_file(folder, name, name)
            try:
                if state.st_uid == os.geteuid() and taken(descriptor):
                    os.unlink(name, dir_fd=folder)
            finally:
                os.close(descriptor)


def _made(above: int, name: str, mode: int) -> bool:
    """Make a directory; False where something is there already."""
    try:
        os.mkdir(name, mode & 0o700, dir_fd=above)
    except FileExistsError:
        return False
    state = seen(above, name)
    if state is not None and state.st_mode & 0o700 != 0o700:  # noqa: PLR2004 - rwx for the owner
        os.chmod(name, 0o700, dir_fd=above)  # the umask took it from us; else it cannot be opened
    return True


def _set_mode(descriptor: int, mode: int) -> None:
    """Give exactly this mode, whatever the umask left of it."""
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        with suppress(PermissionError):  # a file system without modes (vfat, some cifs)
            os.fchmod(descriptor, mode)


def _require_regular(state: os.stat_result, place: str) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), place)
    kind = kind_of(state)
    if kind is not None:
        raise NotRegular(place, kind)


@contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
