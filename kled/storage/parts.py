"""Streams of chunks as adapters send them: in parts, or as a file."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Final

SMALL: Final = 256 * 1024
"""Bytes of a body whose sending takes no time worth mentioning; with larger ones, adapters wait
longer for the answer."""


def first_part(
    chunks: Iterable[bytes], size_of: Callable[[int], int]
) -> tuple[bytes, Iterator[bytes] | None]:
    """Return the first of `parts`, and an iterator of those that follow; None where that is all."""
    regrouped = parts(chunks, size_of)
    first = next(regrouped, b"")
    second = next(regrouped, None)
    return first, None if second is None else itertools.chain([second], regrouped)


def parts(chunks: Iterable[bytes], size_of: Callable[[int], int]) -> Iterator[bytes]:
    """Yield the same bytes in parts of `size_of(number)` bytes, from 0; the last may be smaller."""
    waiting: list[bytes] = []
    size, number = 0, 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        while size >= (wanted := size_of(number)):
            whole = b"".join(waiting)
            yield whole[:wanted]
            waiting, size, number = [whole[wanted:]], size - wanted, number + 1
    if size:
        yield b"".join(waiting)


class Pipe:
    """Parts as a file that is read once from its beginning."""

    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._parts = itertools.chain([first], rest)
        self._waiting = b""
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes; fewer only at the end."""
        while size < 0 or len(self._waiting) < size:
            part = next(self._parts, None)
            if part is None:
                break
            self._waiting += part
        end = len(self._waiting) if size < 0 else size
        found, self._waiting = self._waiting[:end], self._waiting[end:]
        self._read += len(found)
        return found

    def tell(self) -> int:
        """Return how much was read."""
        return self._read
