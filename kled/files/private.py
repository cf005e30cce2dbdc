"""Directories and files for their owner alone, written whole.

Whatever the umask says, directories are 0700 and files 0600. What replaces a file is written beside
it, flushed, and renamed into its place: a reader sees the old one or the new one, never a half, and
so it is after a power cut. All of it raises `DiskUnusable`, which names the path.
"""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kled import sentences
from kled.errors import DiskUnusable
from kled.files import beneath

_TRIES: Final = 5
_ADVICE: Final = "free space, mend the permissions, or name another place"


@contextmanager
def guarded(path: Path, *, doing: str = "use") -> Iterator[None]:
    """Turn an `OSError` of the block into `DiskUnusable`, which names `path`."""
    try:
        yield
    except OSError as error:
        reason = sentences.reason(error)
        raise DiskUnusable(f"cannot {doing} {path}: {reason}", hint=_ADVICE) from error


def make_directory(path: Path) -> None:
    """Make `path` and what is missing above it, each 0700; what is there stays as it is."""
    with guarded(path, doing="make"):
        if path.is_dir():
            return
        if path.parent != path:
            make_directory(path.parent)
        with beneath.root(path.parent) as above:
            os.close(beneath.step(above, path.name, path.name, make=beneath.PRIVATE))


def close_to_others(path: Path) -> None:
    """Take from group and others the right to write to what this user owns."""
    with guarded(path), suppress(FileNotFoundError):
        state = path.stat()
        loose = stat.S_IMODE(state.st_mode) & 0o022
        if loose and state.st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(state.st_mode) & ~0o022)


def write(path: Path, text: str, *, keep_mode: bool = False) -> None:
    """Put `text` at `path`, whole or not at all; with `keep_mode`, a file keeps the mode it had."""
    with draft(path, keep_mode=keep_mode) as fresh, guarded(path, doing="write"):
        fresh.write_text(text, encoding="utf-8")


@contextmanager
def draft(target: Path, *, keep_mode: bool = False) -> Iterator[Path]:
    """Yield a private, empty file beside `target`; it takes its place when the block is through.

    Where the block raises, it is removed, and `target` stays as it was. What a killed writer left
    is removed by the next one.
    """
    with guarded(target, doing="write"):
        fresh, descriptor = _begun(target)
    try:
        yield fresh
        with guarded(target, doing="write"):
            _publish(fresh, target, _mode(target) if keep_mode else beneath.PRIVATE.file)
    finally:
        with suppress(OSError):  # the error on its way out says more
            fresh.unlink(missing_ok=True)
        os.close(descriptor)


def require_room(target: Path) -> None:
    """Raise `DiskUnusable` where `draft` could not begin at `target`, whose directory may lack yet.

    It is tried in the nearest directory that is there; nothing is left of that. Both are named:
    the file is what was asked for, and the directory is what is to be mended.
    """
    above = next((parent for parent in target.parents if parent.exists()), target.parent)
    with guarded(above, doing=f"write {target} in"), tempfile.TemporaryFile(dir=above):
        pass


def fresh_file(directory: Path, prefix: str, suffix: str = "", text: str = "") -> Path:
    """Make a private file of a name that nothing had, with this text, and return its path."""
    with guarded(directory, doing="write to"):
        descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=directory)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, beneath.PRIVATE.file)  # the umask may have taken more than that
            file.write(text)
    return Path(name)


def fill(path: Path, body: bytes) -> None:
    """Write a private file in a directory of our own, where nobody else writes or reads."""
    with guarded(path, doing="write"):
        path.unlink(missing_ok=True)
        with beneath.root(path.parent) as folder:
            descriptor = beneath.make_file(folder, path.name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)


def move(source: Path, target: Path) -> None:
    """Rename `source` to `target`, which it replaces in one step."""
    with guarded(target):
        source.replace(target)
        _flush(target.parent)


def point(link: Path, target: str) -> None:
    """Make the symbolic link `link` name `target`, in one step."""
    fresh = link.with_name(f"{link.name}.new")
    with guarded(link):
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        move(fresh, link)


def sha256(path: Path) -> str:
    """Return the digest of the file at `path`."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 2 ms

    with guarded(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begun(target: Path) -> tuple[Path, int]:
    """Make a draft of `target`, locked as long as its descriptor is open."""
    prefix = f".{target.name}.kled-"
    for _ in range(_TRIES):
        descriptor, name = tempfile.mkstemp(prefix=prefix, dir=target.parent)
        os.fchmod(descriptor, beneath.PRIVATE.file)
        with suppress(OSError):  # a file system without locks: what is left there stays
            beneath.taken(descriptor)
            with beneath.root(target.parent) as folder:
                beneath.remove_dead(folder, prefix)
        if os.fstat(descriptor).st_nlink:  # not taken for a dead writer's before it was locked
            return Path(name), descriptor
        os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, "others remove what is written", str(target))


def _publish(fresh: Path, target: Path, mode: int) -> None:
    with fresh.open("rb") as file:
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    fresh.replace(target)
    _flush(target.parent)


def _mode(target: Path) -> int:
    """Return the mode of what is there; private where nothing is."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(target.stat().st_mode)
    return beneath.PRIVATE.file


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
