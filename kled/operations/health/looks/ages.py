"""Lengths of time as a tired person reads them. Pure."""

from datetime import timedelta
from typing import Final

from kled.sentences import duration, number

_DAYS: Final = timedelta(days=2)
_HOURS: Final = timedelta(hours=10)
_MINUTE: Final = timedelta(minutes=1)


def length(time: timedelta) -> str:
    """Return it with no more digits than help: `3 days`, `12 hours`, `2 hours 5 minutes`."""
    if time >= _DAYS:
        return number(time.days, "day")
    if time >= _HOURS:
        return number(round(time / timedelta(hours=1)), "hour")
    if time < _MINUTE:
        return number(round(time.total_seconds()), "second")
    return duration(timedelta(minutes=round(time / _MINUTE)))


def ago(age: timedelta) -> str:
    """Return how old something is: `3 days old`."""
    return f"{length(age)} old"
