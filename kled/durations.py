"""Durations as people type them, for options of commands and parameters of flows alike."""

import re
from datetime import timedelta
from typing import Final

PATTERN: Final = r"^(0|([0-9]{1,12}(\.[0-9]{1,12})?(h|m|s))+)$"
"""What `parse` takes, for forms that check it themselves."""
_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(h|m|s)")
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}
LONGEST: Final = timedelta(days=100 * 365)
"""What every clock can count to; credentials live for years at most."""


def parse(typed: str) -> timedelta:
    """Return the duration that kops writes so: `90s`, `15m`, `1h30m`; `0` needs no unit.

    Raises `ValueError` with what a right one looks like.
    """
    text = typed.strip()
    if text == "0":
        return timedelta(0)
    if not text or _PART.sub("", text):
        raise ValueError(f"{text!r} is not a duration such as 90s, 15m or 1h30m")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than {LONGEST.days // 365} years")
    return timedelta(seconds=seconds)
