"""A reading that survives broken connections."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Final, Protocol, Self, TypeAlias

from kled.errors import StoreUnavailable
from kled.storage.base import Reading

_USELESS: Final = 4
"""Breaks in a row, with not one byte between them, that end the reading."""
Opener: TypeAlias = Callable[[], AbstractContextManager[Reading]]


class Patience(Protocol):
    """Calls something until it succeeds or is given up."""

    def __call__(self, step: Callable[[], Reading]) -> Reading:
        """Return what `step` returns."""


class ResumingReading:
    """Reads on where it broke off, in the same state of the object.

    `opened(tag, start)` tells how to open it. An object that was written again meanwhile ends the
    reading with `PreconditionFailed`: two states are never mixed.
    """

    def __init__(
        self,
        opened: Callable[[str | None, int], Opener],
        tag: str | None,
        start: int,
        patiently: Patience,
    ) -> None:
        self._opened, self._patiently = opened, patiently
        self._offset = start
        self._stack = ExitStack()
        self._reading = self._open(tag)
        self.size, self.tag = self._reading.size, self._reading.tag

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes; breaks are forgiven as long as something comes between them."""
        useless = 0
        while useless < _USELESS:
            began = self._offset
            try:
                for chunk in self._reading.chunks():
                    self._offset += len(chunk)
                    yield chunk
            except StoreUnavailable:
                useless = 0 if self._offset > began else useless + 1
                if useless == _USELESS:
                    raise
                self._reading = self._open(self.tag)
            else:
                return

    def _open(self, tag: str | None) -> Reading:
        self._stack.close()
        again = self._opened(tag, self._offset)
        return self._patiently(lambda: self._stack.enter_context(again()))
