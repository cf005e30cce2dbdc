"""Files that survive a kill: errors with the path, a lock between processes, atomic changes.

Whatever is written here is written beside its place and renamed into it, so that a reader sees the
old or the new, never a half; and it is flushed first, so that this holds for a power cut, too.
"""

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from kled.errors import DeadlineExceeded, DiskUnusable
from kled.retry import Clock

logger = logging.getLogger(__name__)

_POLL: Final = 0.2


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into `DiskUnusable`, which names `path`."""
    try:
        yield
    except OSError as error:
        raise DiskUnusable(
            f"cannot use {path}: {(error.strerror or str(error)).lower()}",
            hint="free space, mend the permissions, or name another directory in KLED_HOME; "
            "a broken-off download goes on where it stopped",
        ) from error


@contextmanager
def locked(path: Path, clock: Clock, *, patience: timedelta) -> Iterator[None]:
    """Hold the lock file `path`; wait for another holder up to `patience`.

    The kernel drops the lock with the process, however that ends. Raises `DeadlineExceeded` where
    the other one takes longer, and `DiskUnusable`.
    """
    with guarded(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait_for(handle, path, clock, patience)
        yield
    finally:
        os.close(handle)


def make_directory(path: Path) -> None:
    """Make `path` and what is above it; nothing where it is there. Raises `DiskUnusable`."""
    with guarded(path):
        path.mkdir(parents=True, exist_ok=True)


def write_text(path: Path, text: str) -> None:
    """Put `text` at `path`, whole or not at all. Raises `DiskUnusable`."""
    fresh = path.with_name(f"{path.name}.new")
    with guarded(path):
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        move(fresh, path)


def move(source: Path, target: Path) -> None:
    """Rename `source` to `target`, which it replaces in one step. Raises `DiskUnusable`."""
    with guarded(target):
        source.replace(target)
        _flush(target.parent)


def point(link: Path, target: str) -> None:
    """Make the symbolic link `link` name `target`, in one step. Raises `DiskUnusable`."""
    fresh = link.with_name(f"{link.name}.new")
    with guarded(link):
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        move(fresh, link)


def sha256(path: Path) -> str:
    """Return the digest of the file at `path`. Raises `DiskUnusable`."""
    with guarded(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wait_for(handle: int, path: Path, clock: Clock, patience: timedelta) -> None:
    ends = clock.monotonic() + patience.total_seconds()
    told = False
    while not _taken(handle, path):
        if clock.monotonic() >= ends:
            raise DeadlineExceeded(
                f"another installation held {path} for {patience.total_seconds() / 60:g} minutes",
                hint="look for another `kled kops install` on this home directory",
            )
        if not told:
            logger.info("waiting for another installation, which holds %s", path)
            told = True
        clock.sleep(_POLL)


def _taken(handle: int, path: Path) -> bool:
    with guarded(path), suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _flush(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
