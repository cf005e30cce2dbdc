"""What the operating system refuses, in kled's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote

from kled import sentences
from kled.errors import DocumentDamaged, StoreDenied, StoreError
from kled.files.beneath import NotRegular
from kled.sentences import word
from kled.visible import visible

_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_HINTS: Final = {
    errno.EACCES: "see who may: namei -l PATH",
    errno.EPERM: "see whether it may be changed: lsattr -d PATH",
    errno.EROFS: "it is mounted read-only: findmnt --target PATH tells how; mount it to be written",
    errno.ENOSPC: "its disk is full: df -h PATH tells which; make room, and run it again",
    errno.EDQUOT: "this user's quota is used up: make room, and run it again",
    errno.EFBIG: "more than a process of this user may write (ulimit -f), or the file system holds",
    errno.ENAMETOOLONG: "no part of a name may have more than 255 bytes in a directory",
    errno.EMFILE: "this process may open no more files: raise ulimit -n, and run it again",
}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Say what the operating system refuses; `where` names the object.

    Raises `DocumentDamaged` for what is no file, `StoreDenied` and `StoreError`.
    """
    try:
        yield
    except NotRegular as error:
        raise refused(_named(error.place, where), error.kind) from None
    except NotADirectoryError as error:
        place = _named(error.filename or "", where)
        raise StoreError(
            f"{place}: a file is where a directory should be", hint="look what it is, and move it"
        ) from error
    except OSError as error:
        reason = sentences.reason(error)
        kind = StoreDenied if error.errno in _DENIED else StoreError
        raise kind(f"{visible(where)}: {reason}", hint=_hint(error, where)) from error


def _named(place: str, where: str) -> str:
    """Name what is in the way, and whose way it is in."""
    return visible(where if where.endswith(place) else f"{place} in {where}")


def _hint(error: OSError, where: str) -> str | None:
    hint = _HINTS.get(error.errno or 0)
    path = unquote(where.removeprefix("file://"), errors="surrogateescape")
    return hint.replace("PATH", word(path)) if hint else None


def refused(where: str, kind: str) -> DocumentDamaged:
    """Return the error of a place where no file stands; `kind` says what does."""
    return DocumentDamaged(
        visible(where),
        f"it is {kind}, which kled neither follows nor opens",
        hint="put the file itself there, or move it out of the store",
    )
