"""What a plain scalar means: to go-yaml, and whether to any other reader it could mean more."""

import base64
import math
import re
from typing import Final

from kled.errors import TextUnreadable

Scalar = str | int | float | bool | None

_TAG: Final = "tag:yaml.org,2002:"
_WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"), True),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER: Final = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST: Final = 20
"""Decimal digits of the largest one; Python refuses to read many more."""
SMALLEST: Final = -(2**63)
LARGEST: Final = 2**64 - 1
_RESERVED: Final = frozenset(
    ("y", "yes", "n", "no", "true", "false", "on", "off", "null", "nil", "none", "nan", "inf")
)
"""Words that some reader takes for something else, in small letters."""
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+:-]*( [A-Za-z0-9_./@+-][A-Za-z0-9_./@+-]*)*")
_PLAIN_PATH: Final = re.compile(r"[0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_./-]+")
"""A network or an image: no number and no time has a slash."""


def resolve(text: str) -> Scalar:
    """Return what go-yaml takes a plain scalar for; times stay texts, as it gives them to kops."""
    if text in _WORDS:
        return _WORDS[text]
    if not text.startswith((*"+-.0123456789",)):
        return text
    digits = text.replace("_", "")
    if not text.startswith(".") and _INTEGER.fullmatch(digits):
        number = _integer(digits)
        if SMALLEST <= number <= LARGEST:
            return number
    if _FLOAT.fullmatch(text if text.startswith(".") else digits):
        value = float(digits)
        return text if math.isinf(value) else value
    return text


def resolve_tagged(text: str, tag: str, line: int) -> Scalar:
    """Return the scalar that a tag asks for; raise `TextUnreadable` where it is none.

    A tag that YAML does not define says nothing about the value: a text. Of `!!binary` kops takes
    the bytes for a text.
    """
    resolved, kind = resolve(text), tag.removeprefix(_TAG)
    if kind == "binary":
        return _decoded(text, line)
    if kind not in {"bool", "int", "float", "null"}:
        return text
    if kind == "float" and isinstance(resolved, int) and not isinstance(resolved, bool):
        return float(resolved)
    if _kind(resolved) != kind:
        raise TextUnreadable(f"{text[:40]!r} is no {kind}", line=line)
    return resolved


def _decoded(text: str, line: int) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except ValueError as error:  # no Base64, or no UTF-8
        raise TextUnreadable("!!binary holds no text in Base64", line=line) from error


def is_plain(text: str) -> bool:
    """Say whether every reader of YAML takes the text, unquoted, for the text that it is.

    Strict on purpose: what begins like a number is quoted unless it has a slash, so that neither
    octal, hexadecimal, sexagesimal and exponent forms nor times need to be told apart.
    """
    if text.lower() in _RESERVED or text.endswith(":") or "  " in text:
        return False
    return bool(_PLAIN.fullmatch(text) or _PLAIN_PATH.fullmatch(text))


def _integer(digits: str) -> int:
    sign, body = (-1, digits[1:]) if digits.startswith("-") else (1, digits.lstrip("+"))
    start = body[:2].lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(start)
    if base is None and body.startswith("0"):
        base = 8
    if base is None and len(body) > _LONGEST:
        return LARGEST + 1
    return sign * int(body, base or 10)


def _kind(value: Scalar) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    return type(value).__name__
