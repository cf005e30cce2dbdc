"""Temporary files in memory: the tests make hundreds of thousands of small files.

Each new file of a disk costs ext4 a search for a number that no file had in the last seconds, and
each that is proved to be stored costs a wait: a fifth of the unit tests' processor time, and half
of their time. They are files of a real file system all the same, with owners, modes and locks.
"""

import os
import shutil
import tempfile
from pathlib import Path

_SHARED = Path("/dev/shm")
_ROOM = 2 << 30
"""Bytes that have to be free: the quick tests write a tenth of it at a time."""


def begin() -> Path | None:
    """Let this process, and those that it starts, make temporary files in memory from now on.

    Return the directory, or None where memory is no place for them: programs may not be started
    from it, or it is small (as in most containers), or `TMPDIR` says where they belong.
    """
    if "TMPDIR" in os.environ or not _is_fit(_SHARED):
        return None
    directory = tempfile.mkdtemp(prefix="kled-tests-", dir=_SHARED)
    Path(directory).chmod(0o711)  # some tests are another user for a while
    os.environ["TMPDIR"] = directory
    tempfile.tempdir = None  # what it was before is remembered there
    return Path(directory)


def end(directory: Path) -> None:
    """Free the memory."""
    shutil.rmtree(directory, ignore_errors=True)


def _is_fit(place: Path) -> bool:
    try:
        facts = os.statvfs(place)
    except OSError:
        return False
    starts = not facts.f_flag & os.ST_NOEXEC
    return starts and os.access(place, os.W_OK) and facts.f_bavail * facts.f_frsize >= _ROOM
