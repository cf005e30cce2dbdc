"""What is wrong with a state store, as each kind of store finds it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["danger", "warning", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    what: str
    severity: Severity
    """danger: data can be lost or read by strangers; unknown: it could not be checked."""
    mend: str | None = None
    """The exact command that mends it, where one does."""
