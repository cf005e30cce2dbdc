"""What a look ends as where it cannot tell."""

from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A look that could not tell."""

    because: str
    """Why, in words that can follow `not known: `."""
    ask: str = ""
    """Which command or credential would tell; empty: nothing that is known here."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {"unknown": self.because, "hint": self.ask}


def known(seen: T | Unknown | None) -> T | None:
    """Return what a look saw; None where it could not tell, or was not made."""
    return None if isinstance(seen, Unknown) else seen
