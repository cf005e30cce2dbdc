"""JSON documents that a store keeps: read within bounds, field by field, whoever wrote them. Pure.

Everything that reads such a document goes through `parse_json`. Whatever the bytes are, the answer
is a value within the bounds or `DocumentDamaged`; no other error escapes.
"""

import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NoReturn

from kled.errors import DocumentDamaged

LIMIT: Final = 4 * 1024 * 1024
"""Bytes of a document, unless its reader says otherwise."""
DEPTH: Final = 64
"""Objects and arrays within each other, unless the reader says otherwise."""
LARGEST: Final = 2**63 - 1
"""Whole numbers are up to this, as other languages have them."""

_CONTAINERS: Final = (dict, list)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(body: bytes, *, what: str, limit: int = LIMIT, depth: int = DEPTH) -> object:
    """Return the value that the JSON text `body` holds.

    Strict, so that two readers never see two different documents: UTF-8 without a byte order mark,
    no key twice in an object, no NaN or infinity (also not by overflow, as in 1e999), no half of a
    surrogate pair. Raises `DocumentDamaged`, which names the document by `what`, for everything
    else, for more than `limit` bytes (before anything is parsed), and for more than `depth` objects
    and arrays within each other.
    """
    if len(body) > limit:
        raise too_large(what, limit)
    try:
        value = _parse(body.decode())
    except UnicodeDecodeError as error:
        raise DocumentDamaged(what, "it is not UTF-8") from error
    except RecursionError as error:
        raise _too_deep(what, depth) from error
    except ValueError as error:
        raise DocumentDamaged(what, f"it is not the JSON that is expected: {error}") from error
    if _nests_deeper(value, depth):
        raise _too_deep(what, depth)
    return value


def too_large(what: str, limit: int) -> DocumentDamaged:
    """Return the refusal of a document of more than `limit` bytes."""
    return DocumentDamaged(what, f"it is larger than {limit} bytes")


def _too_deep(what: str, depth: int) -> DocumentDamaged:
    return DocumentDamaged(what, f"it nests deeper than {depth} levels")


def _parse(text: str) -> object:
    value: object = json.loads(
        text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite
    )
    if _SURROGATE.search(text):  # a whole pair is a character; a half cannot be written again
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("an object has the same key twice")
    return fields


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _nests_deeper(value: object, depth: int) -> bool:
    """Say whether containers nest deeper; level by level, for recursion would end on its own."""
    level = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(depth):
        if not level:
            return False
        level = [
            child
            for container in level
            for child in _children(container)
            if isinstance(child, _CONTAINERS)
        ]
    return bool(level)


def _children(container: object) -> Iterable[object]:
    if isinstance(container, dict):
        return container.values()
    return container if isinstance(container, list) else ()


class Fields:
    """A JSON object whose fields are read by their type.

    Each method raises `DocumentDamaged`, naming the document and the field but never a value, where
    the field is missing or of another type. Fields that nobody asks for are ignored, so that a
    newer kled can add some.
    """

    def __init__(self, value: object, what: str, path: str = "") -> None:
        """`value` is what `parse_json` returned; raises `DocumentDamaged` where it is no object."""
        self._what = what
        self._path = path
        if not isinstance(value, dict):
            raise self._damaged(path.rstrip("."), value, "an object")
        self._fields: dict[str, Any] = value

    def __contains__(self, name: str) -> bool:
        """Say whether the field is there and not null."""
        return self._fields.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._fields.get(name)
        return value if isinstance(value, str) else self._refuse(name, "text")

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._fields.get(name)
        return value if isinstance(value, bool) else self._refuse(name, "true or false")

    def whole(self, name: str, *, least: int = 0, most: int = LARGEST) -> int:
        """Return a whole number of at least `least` and at most `most`."""
        value = self._fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        return self._refuse(name, f"a whole number from {least} to {most}")

    def number(self, name: str, *, least: float = 0.0, most: float = LARGEST) -> float:
        """Return a finite number of at least `least` and at most `most`."""
        value = self._fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(name, "a number")
        if least <= value <= most:
            return float(value)
        return self._refuse(name, f"a number from {least:g} to {most:g}")

    def moment(self, name: str) -> datetime:
        """Return the moment that an ISO 8601 text with a time zone tells."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            if moment.utcoffset() is not None:
                return moment
        except (ValueError, OverflowError):
            pass
        return self._refuse(name, "a time in ISO 8601 with a time zone")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of an array."""
        values = self._array(name)
        if all(isinstance(value, str) for value in values):
            return tuple(values)
        return self._refuse(name, "an array of texts")

    def child(self, name: str) -> "Fields":
        """Return the object in a field, to be read by its types in turn."""
        return Fields(self._fields.get(name), self._what, f"{self._path}{name}.")

    def array(self, name: str) -> tuple[Any, ...]:
        """Return an array as it was parsed, to be read by another model."""
        return tuple(self._array(name))

    def children(self, name: str) -> tuple["Fields", ...]:
        """Return the objects of an array."""
        return tuple(
            Fields(value, self._what, f"{self._path}{name}[{number}].")
            for number, value in enumerate(self._array(name))
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the object as it was parsed, to be read by another model."""
        return dict(self._fields)

    def _array(self, name: str) -> list[Any]:
        value = self._fields.get(name)
        return value if isinstance(value, list) else self._refuse(name, "an array")

    def _refuse(self, name: str, expected: str) -> NoReturn:
        raise self._damaged(f"{self._path}{name}", self._fields.get(name), expected)

    def _damaged(self, field: str, value: object, expected: str) -> DocumentDamaged:
        what_it_is = _TYPES.get(type(value), "something else")
        subject = f"its field {field}" if field else "it"
        return DocumentDamaged(self._what, f"{subject} is {what_it_is}, not {expected}")


_TYPES: Final[dict[type, str]] = {
    type(None): "missing",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "an array",
    dict: "an object",
}
