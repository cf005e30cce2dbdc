"""A reading that survives broken connections."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Final, Protocol, Self, TypeAlias

from kled.errors import StoreUnavailable
from kled.storage.base import Reading

_USELESS: Final = 4
"""Breaks in a row, with not one byte or hardly any between them, that end the reading."""
_SLOWEST: Final = 1024
"""Bytes a second; who sends fewer for half a minute sends hardly any."""
_WINDOW: Final = 30.0
Opener: TypeAlias = Callable[[], AbstractContextManager[Reading]]


class Retrying(Protocol):
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
        patiently: Retrying,
        monotonic: Callable[[], float],
    ) -> None:
        self._opened, self._patiently = opened, patiently
        self._monotonic = monotonic
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
            began, since = self._offset, self._monotonic()
            try:
                for chunk in self._reading.chunks():
                    self._offset += len(chunk)
                    yield chunk
            except StoreUnavailable:
                came, seconds = self._offset - began, self._monotonic() - since
                crawls = seconds > _WINDOW and came < _SLOWEST * seconds
                useless = useless + 1 if crawls or not came else 0
                if useless == _USELESS:
                    raise
                self._reading = self._open(self.tag)
            else:
                return

    def _open(self, tag: str | None) -> Reading:
        self._stack.close()
        again = self._opened(tag, self._offset)
        return self._patiently(lambda: self._stack.enter_context(again()))
