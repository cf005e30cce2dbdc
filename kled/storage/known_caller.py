"""What became of asking a cloud who this process is."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CloudCaller:
    """What became of asking."""

    state: Literal["ok", "missing", "wrong", "not tried"]
    """`missing`: there are no credentials; `wrong`: they are expired, refused or cannot be read."""
    detail: str
    hint: str = ""
    """The next command."""
