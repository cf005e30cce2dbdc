"""How far a long step is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """So much of a step is done, in numbers for a bar and in words for a person."""

    done: int
    total: int
    """At least 1; it may grow while a step finds out what there is to do."""
    message: str

    @property
    def percent(self) -> float:
        """From 0 to 100."""
        return round(100 * min(max(self.done, 0), self.total) / self.total, 1)
