"""Private files for what is too large for memory.

They have no name and mode 0600, so they disappear when the process ends, however it ends. They are
unbuffered, so that closing one cannot fail.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

from kled import sentences
from kled.errors import DiskUnusable

_CHUNK: Final = 1 << 20


def open_nameless(directory: Path | None) -> IO[bytes]:
    """Open a file that only this process can reach. Raises `DiskUnusable`."""
    with _room():
        return tempfile.TemporaryFile(dir=directory, buffering=0)


def write(file: IO[bytes], body: bytes) -> None:
    """Write all of `body`. Raises `DiskUnusable` where there is no room."""
    view = memoryview(body)
    with _room():
        while view:
            view = view[file.write(view) :]


class Bytes(Protocol):
    """Bytes in memory or in a file, which are read where they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> bytes: ...


class FileBytes:
    """The bytes of a nameless file, which is closed with it. Safe for threads.

    Not mapped into memory: every page that was touched would count as the process's own.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def __del__(self) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, place: slice) -> bytes:
        start, stop, _ = place.indices(self._size)
        return os.pread(self._file.fileno(), max(stop - start, 0), start)


class Sink:
    """A file for age, which takes every `OSError` for damaged input."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, body: bytes) -> int:
        """Write all of it."""
        write(self._file, body)
        return len(body)

    def flush(self) -> None:
        """Nothing is held back."""


class Spool:
    """A nameless file with its digest; each iteration yields its bytes from the start."""

    def __init__(self, directory: Path | None = None) -> None:
        self.file = open_nameless(directory)
        self.sha256 = hashlib.sha256().hexdigest()
        self.size = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fill(self, chunks: Iterable[bytes]) -> None:
        """Write what `chunks` yields, and hash it on its way."""
        total, size = hashlib.sha256(), 0
        for chunk in chunks:
            write(self.file, chunk)
            total.update(chunk)
            size += len(chunk)
        self.sha256, self.size = total.hexdigest(), size

    def measure(self) -> None:
        """Hash what is in the file."""
        total = hashlib.sha256()
        self.size = 0
        for chunk in self:
            total.update(chunk)
            self.size += len(chunk)
        self.sha256 = total.hexdigest()

    def rewound(self) -> IO[bytes]:
        """Return the file, at its beginning."""
        self.file.seek(0)
        return self.file

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while chunk := self.file.read(_CHUNK):
            yield chunk


@contextmanager
def _room() -> Iterator[None]:
    """Turn the error of a full disk into `DiskUnusable`."""
    try:
        yield
    except OSError as error:
        raise DiskUnusable(
            f"cannot keep a part of the snapshot: {sentences.reason(error)}",
            hint="point TMPDIR at a directory with room for the etcd backups",
        ) from error
