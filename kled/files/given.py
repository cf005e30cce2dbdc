"""Files that a person names: read whole, within bounds of size and time, whatever they are.

A path may lead to a directory, a device that never ends, or a FIFO that nobody writes to; a shell's
`<(command)` is a FIFO that somebody does.
"""

import os
import select
import stat
from datetime import timedelta
from pathlib import Path
from typing import Final

from kled.errors import SettingsError
from kled.files.beneath import kind_of
from kled.sentences import duration

LIMIT: Final = 4 << 20
"""Bytes of a file that a person writes, unless its reader says otherwise."""
PATIENCE: Final = 30.0
"""Seconds that a FIFO or terminal may stay silent."""
_STDIN: Final = 0
_PART: Final = 1 << 16


def given_text(
    path: Path, name: str = "", *, limit: int = LIMIT, patience: float = PATIENCE
) -> str:
    """Return the text of a UTF-8 file; raises as `given_bytes`, for other bytes, too."""
    return _decoded(given_bytes(path, name, limit=limit, patience=patience), name or str(path))


def given_bytes(
    path: Path, name: str = "", *, limit: int = LIMIT, patience: float = PATIENCE
) -> bytes:
    """Return the whole file, a FIFO's and a device's bytes too; `name` is the path unless given.

    Raises `SettingsError`, which names the file, where it cannot be read, holds more than `limit`
    bytes, or says nothing for `patience` seconds. A file that is not there raises it, too, from
    `FileNotFoundError`.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            return _whole(handle, name or str(path), limit, patience)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:  # the latter for a NUL in the path
        raise _unreadable(name or str(path), error) from error


def stdin_text(*, limit: int = LIMIT, patience: float = PATIENCE) -> str:
    """Return all that comes from stdin; raises as `given_text`."""
    try:
        return _decoded(_whole(_STDIN, "stdin", limit, patience), "stdin")
    except OSError as error:
        raise _unreadable("stdin", error) from error


def require_regular(path: Path, field: str) -> None:
    """Raise `SettingsError` where `path`, which another program will read, is no regular file."""
    try:
        kind = kind_of(path.stat())
    except (OSError, ValueError) as error:
        raise _unreadable(f"{field} {path}", error) from error
    if kind is not None:
        raise SettingsError(f"{field}: {path} is {kind}, not a file")


def require_filled(path: Path, field: str) -> None:
    """Raise as `require_regular`, and for a file that holds nothing; what it holds is not read."""
    require_regular(path, field)
    if not path.stat().st_size:
        raise SettingsError(f"{field}: {path} is empty")


def _whole(handle: int, name: str, limit: int, patience: float) -> bytes:
    kind = os.fstat(handle).st_mode
    if stat.S_ISDIR(kind):
        raise SettingsError(f"cannot read {name}: it is a directory")
    waits = not stat.S_ISREG(kind)
    body = bytearray()
    while len(body) <= limit:
        if waits:
            _await(handle, name, patience)
        part = os.read(handle, _PART)
        if not part:
            return bytes(body)
        body += part
    raise SettingsError(f"{name} holds more than {limit} bytes")


def _await(handle: int, name: str, patience: float) -> None:
    """Wait for bytes, or for the end of whoever writes them."""
    poll = select.poll()
    poll.register(handle, select.POLLIN | select.POLLHUP)
    if not poll.poll(patience * 1000):
        raise SettingsError(
            f"cannot read {name}: nothing came in {duration(timedelta(seconds=patience))}",
            hint="it waits for another program to write; name a file, or start that program first",
        )


def _decoded(body: bytes, name: str) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{name} is not UTF-8: {error.reason}") from error


def _unreadable(name: str, error: OSError | ValueError) -> SettingsError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return SettingsError(f"cannot read {name}: {reason}")
