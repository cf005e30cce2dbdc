"""Locks between processes: a file that one of them has locked; gone with it, however it ends."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from kled.errors import DeadlineExceeded
from kled.files import beneath
from kled.files.private import guarded
from kled.retry import Clock
from kled.sentences import duration

logger = logging.getLogger(__name__)

_POLL: Final = 0.2


@contextmanager
def locked(
    path: Path, clock: Clock, *, patience: timedelta, others: str, hint: str | None = None
) -> Iterator[None]:
    """Hold the lock file `path`, made where it is missing; wait for its holder up to `patience`.

    `others` names who may hold it, for people, and `hint` how to find them. A directory is locked
    itself. Raises `DeadlineExceeded` where it is held for longer, and `DiskUnusable`.
    """
    with guarded(path):
        descriptor = _opened(path)
    try:
        _wait_for(descriptor, path, clock, patience, others, hint)
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    if path.is_dir():
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with beneath.root(path.parent) as folder:
        return beneath.lock_file(folder, path.name, path.name)


def _wait_for(
    descriptor: int, path: Path, clock: Clock, patience: timedelta, others: str, hint: str | None
) -> None:
    ends = clock.monotonic() + patience.total_seconds()
    told = False
    while not _taken(descriptor, path):
        if clock.monotonic() >= ends:
            raise DeadlineExceeded(f"{others} held {path} for {duration(patience)}", hint=hint)
        if not told:
            logger.info("waiting for %s, which holds %s", others, path)
            told = True
        clock.sleep(_POLL)


def _taken(descriptor: int, path: Path) -> bool:
    with guarded(path):
        return beneath.taken(descriptor)
