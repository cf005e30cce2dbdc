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


def size_of(chunks: Iterable[bytes]) -> int | None:
    """Return the size of what begins anew each time and tells it; else None."""
    return None if isinstance(chunks, Iterator) else getattr(chunks, "size", None)


class Again:
    """Chunks of a known size as a file that can be read again from its start.

    Who reads to the end gets `ValueError` where that is not the size: what was promised is not
    what there is.
    """

    def __init__(self, chunks: Iterable[bytes], size: int) -> None:
        self._chunks = chunks
        self._size = size
        self._at = 0
        self._rest = Pipe(b"", iter(chunks))

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes; fewer only at the end."""
        piece = self._rest.read(size)
        self._at += len(piece)
        at_end = size < 0 or len(piece) < size
        if self._at > self._size or (at_end and self._at != self._size):
            raise ValueError(f"{self._size} bytes were promised, {self._at} came")
        return piece

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int) -> int:
        """Go back to the start, or stay; there is no other place to go to."""
        if offset not in {0, self._at}:
            raise ValueError("a stream of chunks can only be read from its start")
        if offset == 0 and self._at:
            self._at, self._rest = 0, Pipe(b"", iter(self._chunks))
        return self._at


class Pipe:
    """Parts as a file that is read once from its beginning."""

    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._parts = itertools.chain([first], rest)
        self._part, self._taken = b"", 0
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes; fewer only at the end."""
        pieces: list[bytes] = []
        missing = size
        while missing:  # below zero: all there is
            if self._taken == len(self._part):
                following = next(self._parts, None)
                if following is None:
                    break
                self._part, self._taken = following, 0
                continue
            end = len(self._part) if missing < 0 else self._taken + missing
            piece = self._part[self._taken : end]
            self._taken += len(piece)
            missing -= len(piece) if missing > 0 else 0
            pieces.append(piece)
        part = b"".join(pieces)
        self._read += len(part)
        return part

    def tell(self) -> int:
        """Return how much was read."""
        return self._read
