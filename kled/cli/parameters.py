"""Types of option values that more than one command takes."""

import math
import re
from datetime import timedelta
from typing import Any, Final

import click

from kled.models.counts import MOST

_DIGEST: Final = re.compile(r"[0-9a-f]{12,64}")
_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(h|m|s)")
COUNT: Final = click.IntRange(0, MOST)
"""A number of machines, or of times."""
_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}
_LONGEST: Final = timedelta(days=100 * 365)
"""What every clock can count to; credentials live for years at most."""


class Duration(click.ParamType[timedelta]):
    """A duration as kops writes it: `90s`, `15m`, `1h30m`; `0` needs no unit."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the duration; fail with what a right one looks like."""
        if isinstance(value, timedelta):
            return value
        words = str(value).strip()
        if words == "0":
            return timedelta(0)
        if not words or _PART.sub("", words):
            self.fail(f"{words!r} is not a duration such as 90s, 15m or 1h30m", param, ctx)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(words))
        if seconds > _LONGEST.total_seconds():
            self.fail(f"{words!r} is longer than {_LONGEST.days // 365} years", param, ctx)
        return timedelta(seconds=seconds)


DURATION: Final = Duration()


class Factor(click.FloatRange):
    """A number from 1 on, to multiply by: neither NaN, which no bound refuses, nor infinity."""

    name = "factor"

    def __init__(self) -> None:
        super().__init__(min=1, max=1e9)

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


FACTOR: Final = Factor()


def whole(typed: str) -> int | None:
    """Return the number that digits are; None for all else, also for `²` and a thousand digits."""
    return int(typed) if _WHOLE.fullmatch(typed) else None


def digest(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Take the digest that a preview printed; the first 12 digits suffice."""
    if value is not None and not _DIGEST.fullmatch(value):
        raise click.BadParameter(f"{value!r} is not 12 to 64 hexadecimal digits")
    return value
