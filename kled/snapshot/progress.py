"""How far a long job is: counts that any thread may raise."""

from typing import Protocol


class Progress(Protocol):
    """Who looks on. Calls come from many threads."""

    def expect(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """There is this much more to do."""

    def done(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """This much more is done; `size` in bytes."""

    def say(self, words: str) -> None:
        """Something that a person should know happened."""


class Quiet:
    """Nobody looks on."""

    def expect(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """Show nothing."""

    def done(self, *, clusters: int = 0, objects: int = 0, size: int = 0) -> None:
        """Show nothing."""

    def say(self, words: str) -> None:
        """Show nothing."""
