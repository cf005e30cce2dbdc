"""A document that is being rewritten: each change has a field, and a reason."""

import copy
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

from kled.errors import InvalidInput, KledError
from kled.redact import Redactor

Path = tuple[str | int, ...]
HIDDEN: Final = "(hidden)"
_FREE: Final = frozenset(
    {"content", "manifest", "environment", "env", "command", "webhookURL", "webhookTemplate"}
)
"""Fields that hold whatever people write: programs, URLs with tokens, passwords."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a rewritten document that is not as it was."""

    field: str
    old: Any
    """None where the field was not there."""
    new: Any
    """None where the field is not there any more."""
    why: str

    def __str__(self) -> str:
        """Return the field, both values and the reason."""
        old, new = ("(none)" if value is None else value for value in (self.old, self.new))
        return f"{self.field}: {old} -> {new}: {self.why}"


class Draft:
    """One document, by the name of the group that it is of; the cluster's has none."""

    def __init__(self, owner: str, document: Mapping[str, Any], kept: Set[str]) -> None:
        self.owner = owner
        self.original = document
        self.document: dict[str, Any] = copy.deepcopy(dict(document))
        self._kept = kept
        self._reasons: dict[Path, str] = {}

    def field(self, path: Path) -> str:
        """Return how a field is named to people."""
        name = spelled(path)
        return f"{self.owner}: {name}" if self.owner else name

    def is_kept(self, path: Path) -> bool:
        """Whether a person said that the field stays."""
        return any(self.field(path[:end]) in self._kept for end in range(1, len(path) + 1))

    def at(self, *path: str | int) -> Any:  # noqa: ANN401 - whatever YAML holds
        """Return what is at a path; None where nothing is."""
        return _at(self.document, path)

    def put(self, path: Path, value: object, why: str) -> None:
        """Set a field, and the mappings on the way to it, unless it is kept or is that already.

        Raises `InvalidInput` where something else than fields is on the way to it.
        """
        if self.is_kept(path) or self.at(*path) == value:
            return
        if not self.takes(path):
            raise InvalidInput(self.field(path), "what is on the way to it holds no such field")
        holder: Any = self.document
        for step in path[:-1]:
            if isinstance(holder, dict) and holder.get(step) is None:
                holder[step] = {}
            holder = holder[step]
        holder[path[-1]] = value
        self._reasons[path] = why

    def takes(self, path: Path) -> bool:
        """Whether a field may be set: what is on the way to it holds others, or is not there."""
        holder: Any = self.document
        for step in path:
            if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
                holder = holder[step]
            elif isinstance(holder, dict) and isinstance(step, str):
                holder = {} if holder.get(step) is None else holder[step]
            else:
                return False
        return True

    def drop(self, path: Path, why: str) -> bool:
        """Take a field out of its mapping; say whether it went."""
        holder = self.at(*path[:-1])
        if not isinstance(holder, dict) or path[-1] not in holder or self.is_kept(path):
            return False
        del holder[path[-1]]
        self._reasons[path] = why
        return True

    def each_text(self, change: Callable[[Path, str], str], why: str) -> None:
        """Put what `change` makes of each text."""
        for path, value in list(leaves(self.document)):
            if isinstance(value, str):
                self.put(path, change(path, value), why)

    def changes(self) -> Iterator[Change]:
        """Yield each difference to the original, in the order of the fields."""
        before, after = dict(leaves(self.original)), dict(leaves(self.document))
        for path in dict.fromkeys((*before, *after)):
            old, new = before.get(path), after.get(path)
            if old != new or (path in before) != (path in after):
                yield Change(self.field(path), shown(path, old), shown(path, new), self._why(path))

    def _why(self, path: Path) -> str:
        for end in range(len(path), 0, -1):
            if path[:end] in self._reasons:
                return self._reasons[path[:end]]
        for inner, why in self._reasons.items():  # an empty mapping that got a field
            if inner[: len(path)] == path:
                return why
        raise KledError(f"{self.field(path)} was rewritten, and nobody said why")


def matching(value: object, pattern: tuple[str, ...], path: Path = ()) -> Iterator[Path]:
    """Yield the paths in a document that a pattern names; `*` is each element or key."""
    if not pattern:
        yield path
        return
    first, rest = pattern[0], pattern[1:]
    if isinstance(value, Mapping):
        for key in value if first == "*" else (first,):
            if key in value:
                yield from matching(value[key], rest, (*path, key))
    elif isinstance(value, list) and first == "*":
        for index, inner in enumerate(value):
            yield from matching(inner, rest, (*path, index))


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each value that holds no others, and each empty mapping and list, with its path."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def spelled(path: Path) -> str:
    """Return a path as kops writes it: an element of a list by its number."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def is_free(path: Path) -> bool:
    """Whether a field holds what people write, which may be secret."""
    return not _FREE.isdisjoint(step for step in path if isinstance(step, str))


def shown(path: Path, value: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return a value as people may see it."""
    if value is None or not isinstance(value, str):
        return value
    return HIDDEN if is_free(path) else Redactor().text(value)


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
