"""Reading YAML by go-yaml's rules, in bounded depth, size and time.

The parser's events are followed one by one, never handed to a loader that calls itself for each
level: the C loader ends the whole process at 100,000 levels.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from kled.errors import TextUnreadable
from kled.yaml_text.scalars import Scalar, resolve, resolve_tagged

MOST_BYTES: Final = 16 << 20
MOST_NODES: Final = 200_000
"""Of one text, aliases counted as often as they stand for something."""
DEEPEST: Final = 100
_OPENING: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_MERGE: Final = "<<"
_SHOWN: Final = 60

Value = Any
"""A mapping with texts for keys, a list, or a scalar."""


def document(text: str | bytes) -> Value:
    """Return the only document of `text`; None where there is none. Raises `TextUnreadable`."""
    parsed = documents(text)
    if len(parsed) > 1:
        raise TextUnreadable("holds more than one document")
    return parsed[0] if parsed else None


def documents(text: str | bytes) -> list[Value]:
    """Return the documents of `text`, empty ones left out; keys and values are in their order.

    Scalars are what go-yaml takes them for (`kled.yaml_text.scalars`), keys are texts. Raises
    `TextUnreadable` with the line for what is no YAML, for a key that stands twice in one mapping,
    and for what is deeper, larger or longer than any definition.
    """
    if len(text) > MOST_BYTES:
        raise TextUnreadable(f"is longer than {MOST_BYTES} bytes")
    _refuse_marks_inside(text)
    try:
        return [document for document in _Builder().built(text) if document is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "the text ends too early"
        raise TextUnreadable(
            f"is no YAML: {problem}", line=mark.line + 1 if mark else None
        ) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise TextUnreadable(f"is no YAML: {_short(error)}") from error


def _refuse_marks_inside(text: str | bytes) -> None:
    """Raise for a byte order mark at the start of a later line.

    Our parser skips it; go-yaml takes it for the beginning of a name, for example of another key.
    """
    inside = text.find("\n\ufeff") if isinstance(text, str) else text.find(b"\n\xef\xbb\xbf")
    if inside >= 0:
        line = text[:inside].count("\n" if isinstance(text, str) else b"\n") + 2  # type: ignore[arg-type]
        raise TextUnreadable("begins with a byte order mark, which nobody sees", line=line)


def _parser(text: str | bytes) -> yaml.SafeLoader:
    parser: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return parser(text)  # the C parser is ten times faster


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:_SHOWN]


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end is not reached."""

    value: dict[str, Value] | list[Value]
    anchor: str | None
    before: int
    """How many nodes there were before it."""
    key: str | None = None
    own: set[str] = field(default_factory=set)
    """Keys that stand here themselves, not merged from elsewhere."""


class _Builder:
    """Makes values of events."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._nodes = 0

    def built(self, text: str | bytes) -> Iterator[Value]:
        parser = _parser(text)
        for event in iter(parser.get_event, None):
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value = self._scalar(event)
            elif kind in _OPENING:
                self._open(event)
                continue
            elif kind in _CLOSING:
                value = self._close()
            elif kind is yaml.AliasEvent:
                value = self._alias(event)
            else:
                self._begin(event)
                continue
            if self._stack:
                self._put(value, event)
            else:
                yield value

    def _begin(self, event: yaml.Event) -> None:
        """Forget the names of the document before."""
        if isinstance(event, yaml.DocumentStartEvent):
            _require_version(event)
            self._anchors.clear()

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= DEEPEST:
            raise TextUnreadable(f"is nested more than {DEEPEST} levels deep", line=_line(event))
        if self._awaits_key():
            raise TextUnreadable("a mapping or list cannot be a key", line=_line(event))
        value: dict[str, Value] | list[Value] = (
            {} if isinstance(event, yaml.MappingStartEvent) else []
        )
        self._stack.append(_Open(value, event.anchor, self._nodes))
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._count(1, event)

    def _close(self) -> Value:
        closed = self._stack.pop()
        if closed.anchor is not None:
            self._anchors[closed.anchor] = closed.value, self._nodes - closed.before
        return closed.value

    def _scalar(self, event: Any) -> Scalar:  # noqa: ANN401 - types of PyYAML differ
        self._count(1, event)
        if event.tag is not None and event.tag != "!":
            value = resolve_tagged(event.value, event.tag, _line(event))
        elif event.implicit[0]:
            value = resolve(event.value)
            if value == _MERGE and self._awaits_key():
                value = _MergeKey(_MERGE)
        else:
            value = event.value
        if isinstance(value, float) and not math.isfinite(value):
            raise TextUnreadable(
                f"{event.value[:_SHOWN]!r} is a number that kops cannot hold; quote it",
                line=_line(event),
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = value, 1
        return value

    def _alias(self, event: yaml.AliasEvent) -> Value:
        name = event.anchor or ""
        if name not in self._anchors:
            itself = any(collection.anchor == name for collection in self._stack)
            problem = "contains itself" if itself else "is not defined"
            raise TextUnreadable(f"anchor {name[:_SHOWN]!r} {problem}", line=_line(event))
        value, size = self._anchors[name]
        self._count(size, event)
        return value

    def _put(self, value: Value, event: yaml.Event) -> None:
        """Take what is whole into the mapping or list that it stands in."""
        top = self._stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            top.key = key = _key(value, event)
            if isinstance(value, _MergeKey):
                return
            if key in top.own:
                raise TextUnreadable(f"key {key[:_SHOWN]!r} stands twice", line=_line(event))
            top.own.add(key)
        elif isinstance(top.key, _MergeKey):
            _merge(top, value, _line(event))
            top.key = None
        else:
            top.value[top.key] = value
            top.key = None

    def _awaits_key(self) -> bool:
        return (
            bool(self._stack)
            and isinstance(self._stack[-1].value, dict)
            and self._stack[-1].key is None
        )

    def _count(self, nodes: int, event: yaml.Event) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            raise TextUnreadable(f"holds more than {MOST_NODES} values", line=_line(event))


def _require_version(event: yaml.DocumentStartEvent) -> None:
    """Raise for a document that says to be of another YAML, whose `y` is a text."""
    if event.version not in (None, (1, 1)):
        raise TextUnreadable("kops reads YAML 1.1: leave %YAML out", line=_line(event))


class _MergeKey(str):
    """A plain `<<` in the place of a key."""

    __slots__ = ()


def _key(value: Value, event: yaml.Event) -> str:
    """Return the key as sigs.k8s.io/yaml makes a text of it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise TextUnreadable(f"{value!r} cannot be a key; quote it", line=_line(event))


def _merge(top: _Open, value: Value, line: int) -> None:
    """Take over the entries of other mappings; what stands here itself comes after them.

    Go-yaml lets the later one win where others let the nearer one win: neither is guessed.
    """
    for merged in value if isinstance(value, list) else [value]:
        if not isinstance(merged, dict):
            raise TextUnreadable("<< needs a mapping", line=line)
        twice = top.own & merged.keys()
        if twice:
            key = min(twice)
            raise TextUnreadable(f"<< would change {key[:_SHOWN]!r}: put it first", line=line)
        assert isinstance(top.value, dict)  # noqa: S101 - a key was read
        top.value.update(merged)
