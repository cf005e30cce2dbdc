"""Fields of a stored object that this kops does not know, and would drop where it writes it.

Kops reads an object into the fields of its own version and prints those alone (capture 60k); every
edit, replace and upgrade then writes without the others, and says nothing (captures 38l, 62). All
fields of an instance group that kops does know are printed again under their names
(pkg/apis/kops/v1alpha2/conversion.go), but for empty ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kled.kops.fields import known_fields as names

_NOT_OURS: Final = ("metadata", "status")
"""Kubernetes' own parts of an object."""
_KINDS: Final[Mapping[object, names.Kind]] = {
    "Cluster": "Cluster",
    "InstanceGroup": "InstanceGroup",
}

Document = Mapping[str, Any]


def unknown_fields(
    stored: Document, printed: Document, *, empty_ones: bool = True
) -> tuple[str, ...]:
    """Return the paths of `stored` that kops did not print, outermost ones alone; sorted.

    An empty value (false and 0 among them) of a name that kops has is not told from what it leaves
    out as a default; of another name it is unknown, unless it is null. Those are left out without
    `empty_ones`, for a kops whose names are not all known here.
    """
    judged = stored if empty_ones else {}
    return tuple(sorted(_missing("", stored, printed, judged)))


def is_known(document: Document, path: str) -> bool:
    """Say whether a path of a Cluster or InstanceGroup is one that kops 1.36 reads."""
    kind = document.get("kind")
    if path.startswith(_NOT_OURS) or kind not in _KINDS:
        return True
    try:
        names.field_of(_KINDS[kind], path)
    except names.NoSuchField:
        return False
    return True


def holds_any(path: str, fields: Iterable[str]) -> bool:
    """Say whether `path` is one of the fields, or holds one."""
    return any(field == path or field.startswith((f"{path}.", f"{path}[")) for field in fields)


def _missing(path: str, stored: object, printed: object, whole: Document) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(printed, Mapping):
        for key, value in stored.items():
            inner = f"{path}.{key}" if path else str(key)
            if key in printed:
                yield from _missing(inner, value, printed[key], whole)
            elif not _is_empty(value) or (value is not None and not is_known(whole, inner)):
                yield inner
    elif isinstance(stored, list) and isinstance(printed, list):
        for index, (mine, theirs) in enumerate(zip(stored, printed, strict=False)):
            yield from _missing(f"{path}[{index}]", mine, theirs, whole)


def _is_empty(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_empty, value.values()))
    return not value
