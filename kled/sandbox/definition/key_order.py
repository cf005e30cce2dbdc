"""The order in which go-yaml writes the keys of a map: numbers in names by value, letters last."""

from functools import cmp_to_key
from itertools import takewhile


def compare(key: str, other: str) -> int:
    """Return a number below, at or above zero, as `one` stands before, at or after `other`."""
    for at, (mine, theirs) in enumerate(zip(key, other, strict=False)):
        if mine == theirs:
            continue
        if mine.isalpha() and theirs.isalpha():
            return ord(mine) - ord(theirs)
        if mine.isalpha() or theirs.isalpha():
            return 1 if mine.isalpha() else -1
        return _numbers(key, other, at) or ord(mine) - ord(theirs)
    return len(key) - len(other)


def _numbers(key: str, other: str, at: int) -> int:
    """Compare the numbers that begin to differ at a place: by value, then by their length."""
    before = list(takewhile(str.isdigit, reversed(key[:at])))
    inside = "0" in {key[at], other[at]} and any(digit != "0" for digit in before)
    (mine, length), (theirs, others) = (_number(text[at:], inside=inside) for text in (key, other))
    return mine - theirs or length - others


def _number(text: str, *, inside: bool) -> tuple[int, int]:
    digits = "".join(takewhile(str.isdigit, text))
    return int(f"{int(inside)}{digits}"), len(digits)


ordered = cmp_to_key(compare)
"""A key for `sorted`."""
