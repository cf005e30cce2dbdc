"""Files of a directory store that are being written, and the lock under which they are published.

A partial file is made while the store's lock is held, and locked itself by its writer until it is
published or given up. One that nobody has locked is a dead writer's: a later writer removes it.
"""

import errno
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from kled.errors import CapabilityMissing, PreconditionFailed, StoreUnavailable
from kled.files import beneath
from kled.retry import Clock
from kled.sentences import duration
from kled.storage.local.errors import refused, translated

OWN: Final = re.compile(r"\.kled/(lock|partial[^/]*)\Z")
"""The keys of files that are no objects."""
_FOLDER: Final = ".kled"
_LOCK: Final = "lock"
_PARTIAL: Final = "partial"
_LOCK_WAIT: Final = 10.0  # seconds; it is held for milliseconds, so this is a stopped process
_LOCK_POLL: Final = 0.01
_STEP: Final = 1000  # nanoseconds; the coarsest file systems that matter count in hundreds
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
May = Callable[[os.stat_result | None], bool]
"""Says whether a file in this state, or nothing, may be replaced."""


def tag_of(state: os.stat_result) -> str:
    """Return the tag of a file in that state."""
    return f"{state.st_mtime_ns:x}-{state.st_ctime_ns:x}-{state.st_size:x}"


@contextmanager
def locked(root: Path, clock: Clock, where: str) -> Iterator[None]:
    """Hold the store's lock; raise `StoreUnavailable` where another holds it for long.

    A lock that was removed while this one waited for it locks nobody out: the next one is taken.
    """
    ends = clock.monotonic() + _LOCK_WAIT
    while True:
        descriptor = _lock_file(root, where)
        try:
            if descriptor is not None and _flock(descriptor, where):
                if _is_the_lock(root, descriptor):
                    yield
                    return
                continue
        finally:
            if descriptor is not None:
                os.close(descriptor)  # gives up the lock, too
        if clock.monotonic() >= ends:
            raise StoreUnavailable(
                f"{where} has been locked for {duration(timedelta(seconds=_LOCK_WAIT))}",
                hint=f"look for a stopped process: fuser {root / _FOLDER / _LOCK}",
            )
        clock.sleep(_LOCK_POLL)


def has_own(root: Path) -> bool:
    """Say whether the directory of what is no object is there."""
    return (root / _FOLDER).is_dir()


def is_own(folders: Sequence[str]) -> bool:
    """Say whether these lead to the directory of what is no object."""
    return [*folders] == [_FOLDER]


def leave(root: Path) -> None:
    """Remove the lock, and its directory, where nothing else is in it. Raises `OSError`.

    The last thing that is done under the lock: then others take another one.
    """
    with beneath.root(root) as top, beneath.folder(top, [_FOLDER]) as folder:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
        if names == [_LOCK]:
            os.unlink(_LOCK, dir_fd=folder)
            with suppress(OSError):  # somebody has just begun to write there
                os.rmdir(_FOLDER, dir_fd=top)


class Partial:
    """The bytes of one write to `key` until they are published; removed where they are not.

    No symbolic link is followed on the way to `key`, nor replaced at its end.
    """

    def __init__(
        self,
        root: Path,
        key: str,
        lock: Callable[[], AbstractContextManager[None]],
        *,
        where: str,
        sweeps: bool,
    ) -> None:
        self._root, self._key = root, key
        self._lock, self._where, self._sweeps = lock, where, sweeps
        self._name = f"{_PARTIAL}-{os.urandom(8).hex()}"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            with self._lock(), translated(self._where):
                self._top = stack.enter_context(beneath.root(self._root))
                self._folder = stack.enter_context(_own_folder(self._root))
                self._modes = beneath.modes_below(os.fstat(self._top))
                if self._sweeps:
                    beneath.remove_dead(self._folder, _PARTIAL)
                descriptor = beneath.make_file(self._folder, self._name, self._modes)
                self._file = os.fdopen(descriptor, "wb")
                _flock(descriptor, self._where)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack, translated(self._where), suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._folder)
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

    def publish(self, may: May) -> str:
        """Rename over the object where `may` says so of its state, under the lock; return the tag.

        Raises `PreconditionFailed` where it does not, and `DocumentDamaged` where something that is
        no file stands there.
        """
        *folders, name = self._key.split("/")
        with translated(self._where), ExitStack() as stack:
            with self._lock():
                made = beneath.folder(self._top, folders, make=self._modes)
                target = stack.enter_context(made)
                before = beneath.seen(target, name)
                kind = before and beneath.kind_of(before)
                if kind:
                    raise refused(self._where, kind)
                if not may(before):
                    raise PreconditionFailed(f"{self._where} is not what it was")
                self._outdate(before)
                os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=target)
                tag = tag_of(os.fstat(self._file.fileno()))
            os.fsync(target)  # the rename itself survives a power cut, too
        return tag

    def _outdate(self, before: os.stat_result | None) -> None:
        """Give the file a time that no earlier state of the object had."""
        modified = time.time_ns()  # the kernel's own stamps repeat within one tick
        if before is not None:
            modified = max(modified, before.st_mtime_ns + _STEP)
        os.utime(self._file.fileno(), ns=(modified, modified))


@contextmanager
def _own_folder(root: Path) -> Iterator[int]:
    """Open the directory of what is no object; make it where it is missing."""
    with beneath.root(root) as top:
        modes = beneath.modes_below(os.fstat(top))
        with beneath.folder(top, [_FOLDER], make=modes) as folder:
            yield folder


def _lock_file(root: Path, where: str) -> int | None:
    """Open the file that is locked; None where its directory went in between."""
    with translated(where), suppress(FileNotFoundError), _own_folder(root) as folder:
        modes = beneath.modes_below(os.fstat(folder))
        return beneath.lock_file(folder, _LOCK, f"{_FOLDER}/{_LOCK}", modes)
    return None


def _is_the_lock(root: Path, descriptor: int) -> bool:
    """Say whether this open file is the lock that others find there."""
    with suppress(FileNotFoundError):
        return os.path.samestat((root / _FOLDER / _LOCK).lstat(), os.fstat(descriptor))
    return False


def _flock(descriptor: int, where: str) -> bool:
    """Lock the file unless another has it locked."""
    try:
        return beneath.taken(descriptor)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise CapabilityMissing(f"{where}: its file system has no file locks") from error
        raise
