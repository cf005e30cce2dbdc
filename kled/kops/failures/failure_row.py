"""One row of the tables of failures and causes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from kled.errors import KopsError


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One kind of failure; `message` and `hint` are filled with the pattern's groups."""

    pattern: str
    error: type[KopsError]
    message: str
    source: str
    """The capture that shows the words, or the address of the cloud's reference of its codes."""
    hint: str | None = None

    def match(self, text: str) -> KopsError | None:
        """Return the error where `text` shows this failure."""
        match = _compiled(self.pattern).search(text)
        if match is None:
            return None
        groups = [group or "" for group in match.groups()]
        message = " ".join(self.message.format(*groups).split())
        return self.error(message, hint=self.hint.format(*groups) if self.hint else None)


def first(rows: Iterable[FailureRow], text: str) -> KopsError | None:
    """Return the error of the first row that `text` shows."""
    return next((error for row in rows if (error := row.match(text)) is not None), None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile when something has failed, never before: reads stay fast."""
    return re.compile(pattern, re.MULTILINE)
