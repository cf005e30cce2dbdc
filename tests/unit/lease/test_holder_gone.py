"""A watchdog whose holder was killed ends without a word: nobody is there who could hear it.

kill -9 of `snapshot restore --yes` left a traceback (BrokenPipeError) of it on the terminal.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Final

import pytest

from kled.lease import messages
from kled.lease.messages import Hand, Open
from kled.lease.watch import attend
from kled.retry import Clock
from kled.storage.memory import MemoryStore

CLOCK: Final = Clock(time.monotonic, time.sleep)
OPEN: Final = Open("memory:x", None, None)


@contextmanager
def unheard() -> Iterator[IO[bytes]]:
    """Yield a pipe whose reader is gone."""
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb", buffering=0) as pipe:
        yield pipe


@pytest.mark.parametrize("handed", [b"", messages.encode(Hand("", "", 0.0))])
def test_a_holder_that_is_gone_is_told_nothing(handed: bytes) -> None:
    said = io.BytesIO(messages.encode(OPEN) + handed)

    with unheard() as pipe:
        attend(said, pipe, lambda _first: MemoryStore(), CLOCK)


def test_neither_is_one_told_that_its_store_cannot_be_opened() -> None:
    """A member more: its last word is `lost`."""
    reads, writes = os.pipe()
    os.close(reads)
    argv = [sys.executable, "-m", "kled.lease.watchdog"]
    first = messages.encode(replace(OPEN, url="nothing://x"))

    done = subprocess.run(argv, input=first, stdout=writes, stderr=subprocess.PIPE, check=False)

    os.close(writes)
    assert done.stderr == b""
    assert done.returncode == 1
