"""file://: a directory of this machine, or one that several machines mount.

Conditional writes compare and rename while they hold a lock on `.kled/lock` (flock, which NFS
turns into a lock of the server), so they are atomic among kled's processes. Readers need no lock:
a rename shows the old object or the new one. The lock, and the one temporary file that exists while
a write is under way, are kept out of listings and out of every cluster's directory, because kops
refuses to delete a cluster whose directory holds foreign files.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from kled.errors import (
    BucketMissing,
    CapabilityMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreDenied,
    StoreError,
    StoreUnavailable,
)
from kled.retry import Clock
from kled.storage.base import Location, Stored, checked

_LOCK: Final = ".kled/lock"
_PARTIAL: Final = ".kled/partial"
_OWN: Final = frozenset({_LOCK, _PARTIAL})
_LOCK_WAIT: Final = 10.0  # seconds; a write takes milliseconds, so this is a stopped process
_LOCK_POLL: Final = 0.01
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_NOTHING_THERE: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalStore:
    """Objects are files below `root`, written 0600 and synced to the disk before they count."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._location = Location(root.as_uri())

    @property
    def location(self) -> Location:
        """The directory as a URL."""
        return self._location

    def get(self, key: str) -> Stored:
        """Read the file; raise `ObjectMissing`."""
        path = self._root / checked(key)
        try:
            body = path.read_bytes()
        except _NOTHING_THERE:
            self._require_root()
            raise ObjectMissing(f"there is no object {key} in {self._location.url}") from None
        except OSError as error:
            self._raise(error, key)
        return Stored(body, _tag(body))

    def put_if_absent(self, key: str, body: bytes) -> str:
        """Write under the lock unless the file exists."""
        with self._locked(checked(key)):
            if (self._root / key).exists():
                raise PreconditionFailed(f"{key} exists in {self._location.url}")
            return self._write(key, body)

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Compare and write under the lock."""
        with self._locked(checked(key)):
            try:
                found = self.get(key).tag
            except ObjectMissing:
                found = None
            if found != tag:
                raise PreconditionFailed(f"{key} changed in {self._location.url}")
            return self._write(key, body)

    def keys(self, prefix: str = "", *, start_after: str = "") -> Iterator[str]:
        """Walk the directory when iteration begins, then yield."""
        self._require_root()
        start = self._root / prefix.rpartition("/")[0]
        found: list[str] = []
        for folder, _, names in os.walk(start, onerror=self._walk_failed):
            found += (Path(folder, name).relative_to(self._root).as_posix() for name in names)
        yield from (
            key
            for key in sorted(found, key=os.fsencode)
            if key.startswith(prefix) and key > start_after and key not in _OWN
        )

    def delete(self, key: str) -> None:
        """Remove the file, if there is one; empty directories stay."""
        with self._locked(checked(key)), contextlib.suppress(*_NOTHING_THERE):
            (self._root / key).unlink()

    def _write(self, key: str, body: bytes) -> str:
        """Replace the file at once, or not at all; a crash leaves at most the partial file."""
        path, partial = self._root / key, self._root / _PARTIAL
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - from a descriptor, for its mode
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        _sync_directory(path.parent)
        return _tag(body)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Hold the store's lock; translate what the operating system refuses."""
        self._require_root()
        try:
            (self._root / ".kled").mkdir(exist_ok=True, mode=0o700)
            descriptor = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._lock(descriptor)
                yield
            finally:
                os.close(descriptor)  # gives up the lock, too
        except OSError as error:
            self._raise(error, key)

    def _lock(self, descriptor: int) -> None:
        ends = self._clock.monotonic() + _LOCK_WAIT
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock.monotonic() >= ends:
                    raise StoreUnavailable(
                        f"{self._location.url} has been locked for {_LOCK_WAIT:g} seconds",
                        hint=f"look for a stopped process: fuser {self._root / _LOCK}",
                    ) from None
            except OSError as error:
                if error.errno in _NO_LOCKS:
                    raise CapabilityMissing(
                        f"the file system of {self._location.url} has no file locks"
                    ) from error
                raise
            self._clock.sleep(_LOCK_POLL)

    def _require_root(self) -> None:
        if not self._root.is_dir():
            raise BucketMissing(
                f"there is no directory {self._root}",
                hint="make it with: kled kops configure-state-store --create",
            )

    def _walk_failed(self, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self._raise(error, "")

    def _raise(self, error: OSError, key: str) -> NoReturn:
        words = (error.strerror or str(error)).lower()
        kind = (
            StoreDenied if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS} else StoreError
        )
        raise kind(f"{self._location.url}/{key}: {words}") from error


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _sync_directory(path: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
