"""file://: a directory of this machine, or one that several machines mount.

Conditional writes compare and rename while they hold a lock on `.kled/lock` (flock, which NFS
turns into a lock of the server), so they are atomic among kled's processes. Readers need no lock:
a rename shows the old object or the new one. Bytes are written to a file of the writer's own below
`.kled/` before the lock is taken, so that a write of minutes delays nobody. The lock and these
files are kept out of listings and out of every cluster's directory, because kops refuses to delete
a cluster whose directory holds foreign files.

No symbolic link below the directory is followed, neither to read nor to write nor to list, nor one
that is put in place meanwhile (`kled.files.beneath`); the directory itself may be a link. A link, a
FIFO, a socket or a device is listed as what no store can read, and reading it is `DocumentDamaged`.

The tag is what the file system says of a file: times of change and size. A write gives its file a
time of modification after that of the file it replaces, so two states of one object never have one
tag; listings need not read what they list.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from kled.errors import (
    BucketMissing,
    CapabilityMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreUnavailable,
)
from kled.files import beneath
from kled.retry import Clock
from kled.sentences import word
from kled.storage.base import Entry, Location, Stored, Version, checked
from kled.storage.local import listing
from kled.storage.local.errors import translated
from kled.storage.local.partial import (
    OWN,
    Partial,
    has_own,
    is_own,
    leave,
    locked,
    tag_of,
)

CHUNK: Final = 1 << 20
_NOTHING_THERE: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class _Reading:
    """An open file whose state was noted when it was opened."""

    def __init__(self, file: BinaryIO, start: int, where: str) -> None:
        self._state = os.fstat(file.fileno())
        self.size, self.tag = self._state.st_size, tag_of(self._state)
        self._file, self._where = file, where
        self._left = max(0, self.size - start)
        file.seek(start)

    def chunks(self) -> Iterator[bytes]:
        """Yield the file; a write into it, which no kled makes, is found at the end."""
        while chunk := self._more():
            yield chunk
        state = os.fstat(self._file.fileno())
        if (state.st_mtime_ns, state.st_size) != (self._state.st_mtime_ns, self.size):
            raise StoreUnavailable(f"{self._where} was written into while it was read")

    def _more(self) -> bytes:
        size = min(CHUNK, self._left + 1)  # as much is allocated, however little is there
        with translated(self._where):
            chunk = self._file.read(size)
        self._left = max(0, self._left - len(chunk))
        return chunk


class LocalStore:
    """Objects are files below `root`, written 0600 and synced to the disk before they count.

    Directories are 0700, whatever the umask. In a root that a group shares (`chmod 2770`) they are
    2770, and files 0660.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._location = Location(root.as_uri())
        self._swept = False
        self._was_used: bool | None = None
        """Whether somebody has written here with kled before this store object did."""

    seeks = True

    @property
    def location(self) -> Location:
        """The directory as a URL."""
        return self._location

    def get(self, key: str, *, tag: str | None = None, version: str | None = None) -> Stored:
        """Read the file."""
        with self.read(key, tag=tag, version=version) as reading:
            return Stored(b"".join(reading.chunks()), reading.tag)

    @contextmanager
    def read(
        self, key: str, *, tag: str | None = None, version: str | None = None, start: int = 0
    ) -> Iterator[_Reading]:
        """Open the file: what is read stays the same file, whatever is written meanwhile."""
        if version is not None:
            self._require_versions()
        with self._opened(key) as file:
            reading = _Reading(file, start, self._where(key))
            if tag not in {None, reading.tag}:
                raise PreconditionFailed(f"{self._where(key)} is not what it was")
            yield reading

    def put(self, key: str, body: bytes) -> str:
        """Write, and rename over what is there."""
        return self.write(key, [body], absent=False)

    def put_if_absent(self, key: str, body: bytes, *, retain_until: datetime | None = None) -> str:
        """Write; rename under the lock unless the file exists."""
        return self.write(key, [body], retain_until=retain_until)

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """Write; compare and rename under the lock."""

        def unchanged(state: os.stat_result | None) -> bool:
            return state is not None and tag_of(state) == tag

        with self._partial(key) as partial:
            partial.fill([body])
            return partial.publish(unchanged)

    def write(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        absent: bool = True,
        retain_until: datetime | None = None,
    ) -> str:
        """Write; rename under the lock. A crash leaves a partial file, which a later write removes.

        Nothing is visible before the rename. Raises `CapabilityMissing` with `retain_until`.
        """
        if retain_until is not None:
            raise CapabilityMissing(f"{self._location.url} cannot retain objects")
        with self._partial(key) as partial:
            partial.fill(chunks)
            return partial.publish(lambda state: not (absent and state is not None))

    def entries(self, prefix: str = "", *, start_after: str = "") -> Iterator[Entry]:
        """Walk the directories in order of the keys, each read when the listing gets there.

        Raises `StoreUnavailable` where the directory was mounted or unmounted meanwhile: what the
        walk no longer finds then is no less there.
        """
        began = self._require_root()
        with ExitStack() as stack:
            with translated(self._location.url):
                root = stack.enter_context(beneath.root(self._root))
            for file in listing.files(root, self._location.url, prefix, start_after):
                if file.unfit or not OWN.match(file.key):
                    yield _entry(file)
        if self._require_root() != began:
            raise StoreUnavailable(
                f"{self._root} became another directory while it was listed",
                hint="was a file system mounted or unmounted there? look with findmnt",
            )

    def versions(self, prefix: str = "") -> Iterator[Version]:  # noqa: ARG002 - there are none
        """Raise `CapabilityMissing`."""
        self._require_versions()

    def delete(self, key: str) -> None:
        """Remove the file, if there is one; empty directories stay. Of a link, the link goes.

        The lock goes with a file beside it where this was the first to need one: a look at what may
        be written leaves nothing behind.
        """
        *folders, name = checked(key).split("/")
        with (
            self._lock(),
            translated(self._where(key)),
            contextlib.suppress(*_NOTHING_THERE),
            beneath.root(self._root) as root,
            beneath.folder(root, folders) as folder,
        ):
            os.unlink(name, dir_fd=folder)
            if is_own(folders) and not self._was_used:
                leave(self._root)

    def _opened(self, key: str) -> BinaryIO:
        *folders, name = checked(key).split("/")
        with translated(self._where(key)), contextlib.suppress(*_NOTHING_THERE):
            with beneath.root(self._root) as root, beneath.folder(root, folders) as folder:
                descriptor, _ = beneath.open_file(folder, name, key)
            return os.fdopen(descriptor, "rb")
        self._require_root()
        raise ObjectMissing(f"there is no object {key} in {self._location.url}")

    def _partial(self, key: str) -> Partial:
        """Begin a write; the first one of each store object looks for what dead writers left."""
        checked(key)
        sweeps, self._swept = not self._swept, True
        return Partial(self._root, key, self._lock, where=self._where(key), sweeps=sweeps)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._require_root()
        if self._was_used is None:
            self._was_used = has_own(self._root)
        with locked(self._root, self._clock, self._location.url):
            yield

    def _where(self, key: str) -> str:
        return f"{self._location.url}/{key}"

    def _require_root(self) -> tuple[int, int]:
        """Return what tells this directory from another one at the same place."""
        with translated(self._location.url), contextlib.suppress(*_NOTHING_THERE):
            state = self._root.stat()
            if stat.S_ISDIR(state.st_mode):
                return state.st_dev, state.st_ino
        raise BucketMissing(
            f"there is no directory {self._root}",
            hint=f"mount it, or make it: mkdir -p -m 700 {word(self._root)}",
        )

    def _require_versions(self) -> NoReturn:
        raise CapabilityMissing(f"{self._location.url} keeps no older versions")


def _entry(file: listing.ListedName) -> Entry:
    state = file.state
    modified = _moment(state.st_mtime)
    return Entry(
        file.key, state.st_size, tag_of(state), modified, unfit=file.unfit, links=state.st_nlink
    )


def _moment(seconds: float) -> datetime | None:
    """Return the time; None for one that no calendar has (a file may be dated to any)."""
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC)
    return None
