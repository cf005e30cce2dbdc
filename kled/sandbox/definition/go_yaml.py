"""YAML as kops reads it: go-yaml's events to plain values, and from there to what JSON can say.

kops turns each text into JSON first (sigs.k8s.io/yaml), so that a plain `y` is a bool, `089012` a
number and `2020-01-01` a text; what the fields are typed as comes afterwards (`go_types`). The
words of the errors are go-yaml's. The facts were run with kops 1.36.2 (captures Y-*).
"""

import base64
import json
import math
import re
from typing import Any

import yaml

_BOOLS = {
    **dict.fromkeys("y Y yes Yes YES true True TRUE on On ON".split(), True),  # noqa: SIM905
    **dict.fromkeys("n N no No NO false False FALSE off Off OFF".split(), False),  # noqa: SIM905
}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_FINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INT = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII
)
_BASES = (16, 2, 8, 10)
_LONGEST = 1_000
"""Digits of a whole number that Python is asked to read: it refuses some thousands."""
_DEPTH = 10_000
_MANY_ALIASED, _MANY, _SMALL = 100, 1_000, 400_000
_PLAIN = 1e21
"""Below it Go writes a whole number without a point."""
_STANDARD = "tag:yaml.org,2002:"


class GoYamlError(yaml.YAMLError):
    """The text cannot be read; the message is go-yaml's."""


def load(text: str) -> Any:  # noqa: ANN401 - YAML is whatever it is
    """Read the first document of a text; keys are strings, and of two of one name the last wins.

    Raises `GoYamlError`: as kops says it, for example `yaml: line 3: mapping values are not allowed
    in this context`.
    """
    try:
        return _Reader(text).read()
    except yaml.MarkedYAMLError as error:
        raise GoYamlError(_complaint(error)) from error
    except yaml.reader.ReaderError as error:
        raise GoYamlError("yaml: control characters are not allowed") from error


def resolve(text: str) -> Any:  # noqa: ANN401 - any scalar
    """Return what a plain scalar means: a text, bool, number or None.

    A number that Go has no type for is a text.
    """
    if text in _BOOLS:
        return _BOOLS[text]
    if text in _NULLS:
        return None
    if odd := _NOT_FINITE.fullmatch(text):
        return math.nan if text.endswith(("n", "N")) else float(f"{odd[1]}inf")
    bare = text.replace("_", "")
    if whole := _INT.fullmatch(bare):
        digits = next((at, part) for at, part in enumerate(whole.groups()[1:]) if part)
        base = _BASES[digits[0]]
        value = int(f"{whole[1]}{digits[1]}", base) if len(digits[1]) <= _LONGEST else None
        if value is not None and -(2**63) <= value < 2**64:
            return value
    if _FLOAT.fullmatch(bare) and math.isfinite(broken := float(bare)):
        return int(broken) if broken.is_integer() and abs(broken) < _PLAIN else broken
    return text


def _require_version(event: Any) -> None:  # noqa: ANN401 - yaml is untyped here
    """Refuse what says that it is no YAML 1.1; the first line has no number."""
    if event.version not in {None, (1, 1)}:
        line = event.start_mark.line
        where = f"line {line}: " if line else ""
        raise GoYamlError(f"yaml: {where}found incompatible YAML document")


class _Reader:
    """Builds values from events without recursion, so that no depth ends the process."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._aliased = self._read = 0
        self._open: list[_Open] = []

    def read(self) -> Any:  # noqa: ANN401 - YAML is whatever it is
        """Return the first document's value, None where there is none."""
        for event in self._events:
            self._read += 1
            if isinstance(event, yaml.DocumentStartEvent):
                _require_version(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                value, size, anchor = self._ended(event)
                if anchor:
                    self._anchors[anchor] = (value, size)
                if not self._open:
                    return value
                self._open[-1].take(value, size, event)
        return None

    def _begin(self, event: Any) -> None:  # noqa: ANN401 - yaml is untyped here
        if len(self._open) >= _DEPTH:
            line = event.start_mark.line + 1
            raise GoYamlError(f"yaml: line {line}: exceeded max depth of {_DEPTH}")
        self._open.append(_Open(event))

    def _ended(self, event: Any) -> tuple[Any, int, str | None]:  # noqa: ANN401 - as above
        if isinstance(event, yaml.CollectionEndEvent):
            done = self._open.pop()
            return done.value, done.size, done.anchor
        if isinstance(event, yaml.AliasEvent):
            return (*self._referred(str(event.anchor)), None)
        return _scalar(event), 1, event.anchor

    def _referred(self, anchor: str) -> tuple[Any, int]:
        if anchor not in self._anchors:
            raise GoYamlError(f"yaml: unknown anchor '{anchor}' referenced")
        value, size = self._anchors[anchor]
        self._aliased += size
        read = self._read + self._aliased
        if self._aliased > _MANY_ALIASED and read > _MANY and self._aliased > _allowed(read):
            raise GoYamlError("yaml: document contains excessive aliasing")
        return value, size


def _allowed(read: int) -> float:
    """Return how much of what is read may come from aliases: nearly all of little."""
    return 0.99 * min(read, _SMALL)


class _Open:
    """A list or map whose end has not come yet."""

    def __init__(self, event: Any) -> None:  # noqa: ANN401 - yaml is untyped here
        self.anchor: str | None = event.anchor
        self.size = 1
        self.value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._key: Any = None
        self._has_key = self._merges = False

    def take(self, value: Any, size: int, event: Any) -> None:  # noqa: ANN401 - any value
        self.size += size
        if isinstance(self.value, list):
            self.value.append(value)
        elif not self._has_key:
            self._merges = _is_plain(event) and value == "<<"
            self._key, self._has_key = value, True
        else:
            self._has_key = False
            if self._merges:
                _merge(self.value, value)
            else:
                self.value[_spelled(self._key, value)] = value


def _is_plain(event: Any) -> bool:  # noqa: ANN401 - yaml is untyped here
    return isinstance(event, yaml.ScalarEvent) and event.implicit[0]


def _scalar(event: Any) -> Any:  # noqa: ANN401 - yaml is untyped here
    text, tag = event.value, event.tag
    if tag is None or tag == "!":
        return resolve(text) if event.implicit[0] else text
    if tag == f"{_STANDARD}binary":
        return _binary(text)
    if not tag.startswith(_STANDARD) or tag == f"{_STANDARD}str":
        return text
    value, short = resolve(text), tag.removeprefix(_STANDARD)
    kinds: dict[str, tuple[type, ...]] = {
        "bool": (bool,), "int": (int,), "float": (int, float), "null": (type(None),),
    }  # fmt: skip
    if short in kinds and (type(value) not in kinds[short]):
        raise GoYamlError(f"yaml: cannot decode !!{_tag_of(value)} `{text}` as a !!{short}")
    return value if short in kinds else text


def _tag_of(value: object) -> str:
    return {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value), "str")


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except ValueError as error:
        raise GoYamlError("yaml: !!binary value contains invalid base64 data") from error


def _merge(into: dict[str, Any], value: Any) -> None:  # noqa: ANN401 - any value
    """Put another map's keys over those that are there already, as go-yaml does at this point."""
    for other in value if isinstance(value, list) else [value]:
        if not isinstance(other, dict):
            raise GoYamlError("yaml: map merge requires map or sequence of maps as the value")
    for other in reversed(value) if isinstance(value, list) else [value]:
        into.update(other)


def _spelled(key: Any, value: Any) -> str:  # noqa: ANN401 - any value
    """Return a key as JSON has it: a text."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int | float):
        return f"{key:g}" if isinstance(key, float) else str(key)
    if key is None:
        shown = f'"{value}"' if isinstance(value, str) else value
        told = f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {shown}"
        raise GoYamlError(told)
    kind = "[]interface {}" if isinstance(key, list) else "map[interface {}]interface {}"
    raise GoYamlError(f"yaml: invalid map key: {kind}{{{_inside(key)}}}")


def _inside(key: Any) -> str:  # noqa: ANN401 - a list or map
    """Return what a key holds; one that is nested deeper than Python's encoder goes, in short."""
    try:
        return ", ".join(json.dumps(each) for each in key)
    except RecursionError:
        return "..."


def _complaint(error: yaml.MarkedYAMLError) -> str:
    """Word what libyaml found as go-yaml does, whose lines depend on who found it."""
    problem, around = error.problem_mark, error.context_mark
    if problem is not None and problem.line:
        line = problem.line + isinstance(error, yaml.scanner.ScannerError)
    else:
        line = around.line if around is not None else 0
    return f"yaml: line {line}: {error.problem}" if line else f"yaml: {error.problem}"
