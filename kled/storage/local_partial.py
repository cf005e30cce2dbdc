"""Files of a directory store that are being written, and the lock under which they are published.

A partial file is made while the store's lock is held, and locked itself by its writer until it is
published or given up. One that nobody has locked is a dead writer's: a later writer removes it.
"""

import errno
import fcntl
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from kled.errors import (
    CapabilityMissing,
    PreconditionFailed,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)
from kled.retry import Clock

OWN: Final = re.compile(r"\.kled/(lock|partial[^/]*)\Z")
"""The keys of files that are no objects."""
_FOLDER: Final = ".kled"
_LOCK: Final = f"{_FOLDER}/lock"
_LOCK_WAIT: Final = 10.0  # seconds; it is held for milliseconds, so this is a stopped process
_LOCK_POLL: Final = 0.01
_STEP: Final = 1000  # nanoseconds; the coarsest file systems that matter count in hundreds
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


def tag_of(state: os.stat_result) -> str:
    """Return the tag of a file in that state."""
    return f"{state.st_mtime_ns:x}-{state.st_ctime_ns:x}-{state.st_size:x}"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Say what the operating system refuses in kled's words; `where` names the object."""
    try:
        yield
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        kind = StoreDenied if error.errno in _DENIED else StoreError
        raise kind(f"{where}: {words}") from error


@contextmanager
def locked(root: Path, clock: Clock, where: str) -> Iterator[None]:
    """Hold the store's lock; raise `StoreUnavailable` where another holds it for long."""
    with translated(where):
        (root / _FOLDER).mkdir(exist_ok=True, mode=0o700)
        descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        ends = clock.monotonic() + _LOCK_WAIT
        while not _flock(descriptor, where):
            if clock.monotonic() >= ends:
                raise StoreUnavailable(
                    f"{where} has been locked for {_LOCK_WAIT:g} seconds",
                    hint=f"look for a stopped process: fuser {root / _LOCK}",
                )
            clock.sleep(_LOCK_POLL)
        yield
    finally:
        os.close(descriptor)  # gives up the lock, too


class Partial:
    """The bytes of one write to `key` until they are published; removed where they are not."""

    def __init__(
        self,
        root: Path,
        key: str,
        lock: Callable[[], AbstractContextManager[None]],
        *,
        where: str,
        sweeps: bool,
    ) -> None:
        self._target, self._folder = root / key, root / _FOLDER
        self._lock, self._where, self._sweeps = lock, where, sweeps

    def __enter__(self) -> Self:
        with self._lock(), translated(self._where):
            if self._sweeps:
                self._remove_dead()
            descriptor, name = tempfile.mkstemp(prefix="partial-", dir=self._folder)
            self._path = Path(name)
            self._file = os.fdopen(descriptor, "wb")
            _flock(descriptor, self._where)
        return self

    def __exit__(self, *_: object) -> None:
        with translated(self._where):
            self._path.unlink(missing_ok=True)
        with suppress(OSError):  # what was not flushed was not published either
            self._file.close()

    def fill(self, chunks: Iterable[bytes]) -> None:
        """Write, and wait for the disk; what `chunks` raises is not this store's."""
        for chunk in chunks:
            with translated(self._where):
                self._file.write(chunk)
        with translated(self._where):
            self._file.flush()
            os.fsync(self._file.fileno())

    def publish(self, may: Callable[[Path], bool]) -> str:
        """Rename over the object where `may` says so of its path, under the lock; return the tag.

        Raises `PreconditionFailed` where it does not.
        """
        with translated(self._where):
            with self._lock():
                if not may(self._target):
                    raise PreconditionFailed(f"{self._where} is not what it was")
                self._target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._outdate()
                self._path.rename(self._target)
                tag = tag_of(os.fstat(self._file.fileno()))
            _sync_directory(self._target.parent)
        return tag

    def _outdate(self) -> None:
        """Give the file a time that no earlier state of the object had."""
        modified = time.time_ns()  # the kernel's own stamps repeat within one tick
        with suppress(FileNotFoundError):
            modified = max(modified, self._target.stat().st_mtime_ns + _STEP)
        os.utime(self._path, ns=(modified, modified))

    def _remove_dead(self) -> None:
        for path in self._folder.glob("partial*"):
            with suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDWR)
                try:
                    if _flock(descriptor, self._where):
                        path.unlink()
                finally:
                    os.close(descriptor)


def _flock(descriptor: int, where: str) -> bool:
    """Lock the file unless another has it locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise CapabilityMissing(f"{where}: its file system has no file locks") from error
        raise
    return True


def _sync_directory(path: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
