"""Go's durations: `1h30m`, `15s`; a bare number other than 0 is an error (capture E13d)."""

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([a-zµ]*)")


def parse_duration(text: str) -> float:
    """Return the seconds that a Go duration means.

    Raises `ValueError`: with the message of Go's time.ParseDuration.
    """
    sign = -1.0 if text.startswith("-") else 1.0
    body = text.lstrip("+-")
    if body == "0":
        return 0.0
    total, position = 0.0, 0
    while body and position < len(body):
        part = _PART.match(body, position)
        if part is None:
            break
        if not part[2]:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if part[2] not in _UNITS:
            raise ValueError(f'time: unknown unit "{part[2]}" in duration "{text}"')
        total += float(part[1]) * _UNITS[part[2]]
        position = part.end()
    if not body or position < len(body):
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * total
