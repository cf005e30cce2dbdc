"""Follows a running kops, and ends it where what it waits for cannot come.

Kops retries every failing cloud task and every failing deletion for 10 minutes, whatever the cloud
said (`executor.go`, capture C05c; `delete.go`). Throttling, 5xx, unreachable hosts, capacity, and
what the cloud will know in a moment (a role or a subnet made just now) are left to it.
"""

import re
from typing import Final

from kled.errors import KopsError
from kled.kops.failures.causes import CAUSES, THROTTLED
from kled.kops.failures.failure_row import first

_RETRIED: Final = re.compile(r"error running task|error deleting resources?, will retry")
_HEADLINE: Final = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ ")
_LONGEST: Final = 4_000
"""Characters of one error that are looked at: Azure's ends with the whole answer."""


class WatchedLines:
    """The lines of one stream of one kops, in their order."""

    def __init__(self) -> None:
        self._said = ""

    def cause(self, line: str) -> KopsError | None:
        """Return the error where this line, after those before it, says that waiting is in vain.

        An error of several lines belongs to the headline that it follows.
        """
        if _RETRIED.search(line):
            self._said = line
        elif _HEADLINE.match(line) or len(self._said) > _LONGEST:
            self._said = ""
        elif self._said:
            self._said = f"{self._said} {line.strip()}"
        if not self._said or first(THROTTLED, self._said) is not None:
            return None
        return first(CAUSES, self._said)
