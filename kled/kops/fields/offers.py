"""How the name of a field goes on, one part at a time: for those who type it. Pure.

Types and names are those of `stored_fields.json`; keys of maps and elements of lists are those of
the definition that is stored, where it is known.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kled.kops.fields.known_fields import Kind, fields_of

_PART: Final = re.compile(r"\.?([A-Za-z_]\w*)|\[(\*|\d{1,4})\]", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
"""A key of a map that needs no quotes, in whatever shell."""
_TOP: Final = {"spec", "metadata"}
_META: Final = {"labels", "annotations"}
_CHOICES: Final = {"bool": ("true", "false")}
_MOST: Final = 50
"""Elements of a list."""


def values(kind: Kind, path: str, beginning: str) -> list[str]:
    """Return the values of a field that there are few of; none where any may stand there."""
    at = _reached(kind, path, {})
    choices = _CHOICES.get(at[0], ()) if at else ()
    return [choice for choice in choices if choice.startswith(beginning)]


def continuations(
    kind: Kind, beginning: str, stored: Mapping[str, Any], *, removes: bool = False
) -> list[str]:
    """Return how what is typed may go on: `spec.api.` leads on, `spec.maxSize` is a field.

    `stored` is the definition, empty where it is not known. Where one `removes` a field, only those
    that are stored are told, as far as they are known.
    """
    head, last = _split(beginning)
    at = _reached(kind, head, stored)
    if at is None:
        return []
    names = _below(*at, top=not head, removes=removes and bool(stored))
    return [f"{head}{name}" for name in names if name.startswith(last)]


def _split(beginning: str) -> tuple[str, str]:
    """Return the parts that are whole, with the dot behind them, and the one that is typed."""
    cut = max(beginning.rfind("."), beginning.rfind("]")) + 1
    return beginning[:cut], beginning[cut:]


def _reached(kind: Kind, path: str, stored: object) -> tuple[str, object] | None:
    """Return the kind and the stored value of a path; None where it leads nowhere."""
    at, kind_of, value = 0, f"={kind}", stored
    path = path.removesuffix(".")
    while at < len(path):
        match = _PART.match(path, at)
        if match is None:
            return None
        at, field, index = match.end(), match[1], match[2]
        if index is not None and kind_of.startswith("[]"):
            kind_of, value = kind_of[2:], _element(value, index)
        elif field is not None and field in fields_of(kind_of):
            kind_of, value = fields_of(kind_of)[field].lstrip("-!"), _entry(value, field)
        else:
            return None
    return kind_of, value


def _below(kind_of: str, value: object, *, top: bool, removes: bool) -> Iterator[str]:
    if kind_of.startswith("{}"):
        keys = value if isinstance(value, dict) else {}
        yield from sorted(key for key in keys if isinstance(key, str) and _KEY.fullmatch(key))
        return
    only = _TOP if top else _META if kind_of == "ObjectMeta" else None
    for name, marked in fields_of(kind_of).items():
        gone = removes and not (isinstance(value, dict) and name in value)
        if (only is None or name in only) and marked[:1] not in {"-", "!"} and not gone:
            yield from _spelled(name, marked, _entry(value, name))


def _spelled(name: str, kind_of: str, value: object) -> Iterator[str]:
    if kind_of.startswith("[]") and fields_of(kind_of[2:]):
        length = min(len(value), _MOST) if isinstance(value, list) else 0
        yield from (f"{name}[{number}]." for number in range(length))
        yield f"{name}[*]."
    elif kind_of.startswith("{}") or fields_of(kind_of):
        yield f"{name}."
    else:
        yield name


def _entry(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _element(value: object, index: str) -> object:
    number = 0 if index == "*" else int(index)
    return value[number] if isinstance(value, list) and number < len(value) else None
