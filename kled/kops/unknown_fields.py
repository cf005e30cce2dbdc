"""Fields of a stored object that this kops does not know, and would drop where it writes it.

Kops reads an object into the fields of its own version and prints those alone (capture 60k); every
edit, replace and upgrade then writes without the others, and says nothing (captures 38l, 62). All
fields of an instance group that kops does know are printed again under their names
(pkg/apis/kops/v1alpha2/conversion.go), but for empty ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def unknown_fields(stored: Document, printed: Document) -> tuple[str, ...]:
    """Return the paths of `stored` that kops did not print, outermost ones alone; sorted.

    Empty values (false and 0 among them) are not told from those that kops leaves out as defaults.
    """
    return tuple(sorted(_missing("", stored, printed)))


def holds_any(path: str, fields: Iterable[str]) -> bool:
    """Say whether `path` is one of the fields, or holds one."""
    return any(field == path or field.startswith((f"{path}.", f"{path}[")) for field in fields)


def _missing(path: str, stored: object, printed: object) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(printed, Mapping):
        for key, value in stored.items():
            inner = f"{path}.{key}" if path else str(key)
            if key in printed:
                yield from _missing(inner, value, printed[key])
            elif not _is_empty(value):
                yield inner
    elif isinstance(stored, list) and isinstance(printed, list):
        for index, (mine, theirs) in enumerate(zip(stored, printed, strict=False)):
            yield from _missing(f"{path}[{index}]", mine, theirs)


def _is_empty(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_empty, value.values()))
    return not value
