"""Parts of the sentences that people read. Pure."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

_SECONDS_SAID: Final = 60
_NUMBER: Final = re.compile(r"\[Errno -?\d+\] ?")


def enumerated(names: Sequence[str], most: int) -> str:
    """Return the first `most` names and how many more there are: `a, b and 3 more`."""
    return f"{', '.join(names[:most])}{and_more(len(names), most, before=' ')}"


def first_of(parts: Sequence[str], most: int) -> str:
    """Return the first `most` parts and how many more there are: `a; b; and 3 more`."""
    return f"{'; '.join(parts[:most])}{and_more(len(parts), most)}"


def and_more(count: int, most: int, *, before: str = "; ") -> str:
    """Say how many of `count` are left out where `most` are shown: `; and 3 more`; empty for 0."""
    return f"{before}and {count - most} more" if count > most else ""


def number(count: int, noun: str, plural: str = "") -> str:
    """Return how many there are: `1 snapshot`, `2 snapshots`; without `plural` it takes an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or f'{noun}s'}"


def reason(error: OSError) -> str:
    """Return why the system refused, as it stands within a sentence: `no space left on device`."""
    return (error.strerror or str(error)).lower()


def without_number(text: object) -> str:
    """Return the words of an error without the number that the system gives it: `[Errno 111]`."""
    return _NUMBER.sub("", str(text))


def duration(length: timedelta) -> str:
    """Return a length of time as people say it: `20 seconds`, `1 minute`, `2 hours 30 minutes`."""
    seconds = length.total_seconds()
    if seconds < _SECONDS_SAID or seconds % 60:
        return f"{seconds:g} second{'' if seconds == 1 else 's'}"
    hours, minutes = divmod(round(seconds / 60), 60)
    told = [number(hours, "hour") if hours else "", number(minutes, "minute") if minutes else ""]
    return " ".join(filter(None, told))


def word(text: object) -> str:
    """Return what a shell takes for `text`, as it is where it needs no quotes."""
    return shlex.quote(str(text))


def options(**named: object) -> str:
    """Return options as a shell takes them: `options(name="a b", yes=True)`, `--name='a b' --yes`.

    What is None, False or empty is left out; a tuple or list gives the option once for each.
    """
    return " ".join(_option(hyphenated(name), value) for name, value in _each(named))


def hyphenated(name: str) -> str:
    """Return the name of a parameter as command lines spell it: `node_count`, `node-count`."""
    return name.replace("_", "-")


def _each(named: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in named.items():
        if isinstance(value, tuple | list):
            yield from ((name, element) for element in value)
        elif value is not None and value is not False and value != "":
            yield name, value


def _option(name: str, value: object) -> str:
    return f"--{name}" if value is True else f"--{name}={word(value)}"
