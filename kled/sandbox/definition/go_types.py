"""What kops makes of a JSON document by the types of its fields, in the words of Go's decoder.

Of several wrong values the first is told, in the order of sorted names, because kops sorts before
it decodes. A null leaves a field unset, and so is an empty list or map no longer there afterwards.
The facts were run with kops 1.36.2 (captures Y-*).
"""

import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from kled.sandbox.clock import spelled
from kled.sandbox.definition import schema
from kled.sandbox.verbs.durations import parse_duration

_RANGES = {
    "int16": (-(2**15), 2**15),
    "int32": (-(2**31), 2**31),
    "uint8": (0, 2**8),
    "uint32": (0, 2**32),
}
_LONG = (-(2**63), 2**63)
_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[-+]\d\d:\d\d)")
_ROOTS = {"Cluster": "ClusterSpec", "InstanceGroup": "InstanceGroupSpec"}


class GoTypeError(Exception):
    """A value is of another type than its field; the message is that of kops."""


def decode(document: dict[str, Any]) -> dict[str, Any]:
    """Return a Cluster or InstanceGroup with its values as the fields hold them.

    Fields that kops does not have stay as they are. Raises GoTypeError for the first value that
    does not fit.
    """
    kind = str(document["kind"])
    fields = {"metadata": "ObjectMeta", "spec": _ROOTS[kind]}
    decoded = dict(document)
    for name in sorted(fields.keys() & document.keys()):
        value = _decode(document[name], fields[name], kind, name, name)
        decoded[name] = {} if value is None else value
    return decoded


@cache
def _exceptions() -> dict[str, dict[str, str]]:
    """Return the types of fields that are not string or int32: type to field to Go's name."""
    text = Path(__file__).with_name("go_types.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str]] = json.loads(text)
    return loaded


def _decode(value: Any, kind: str, owner: str, field: str, path: str) -> Any:  # noqa: ANN401
    """Return `value` as a field of `kind` holds it; `owner` is the type that the field is of."""
    if value is None:
        return _zero(kind) if path.endswith("[]") else None
    where = f"Go struct field {owner}.{path.removesuffix('[]')} of type "
    if kind.startswith("[]"):
        return _list(value, kind, owner, field, path, where)
    if kind.startswith("{}"):
        return _map(value, kind, owner, field, path, where)
    if kind in schema.types():
        return _struct(value, kind, path.removesuffix("[]"), where)
    return _leaf(value, kind, _go_name(kind, owner, field), where)


def _list(value: Any, kind: str, owner: str, field: str, path: str, where: str) -> Any:  # noqa: ANN401
    if not isinstance(value, list):
        raise _mismatch(value, f"{where}[]{_go_name(kind[2:], owner, field)}")
    path = f"{path.removesuffix('[]')}[]"
    return [_decode(item, kind[2:], owner, field, path) for item in value] or None


def _map(value: Any, kind: str, owner: str, field: str, path: str, where: str) -> Any:  # noqa: ANN401
    if not isinstance(value, dict):
        raise _mismatch(value, f"{where}map[string]{_go_name(kind[2:], owner, field)}")
    path = f"{path.removesuffix('[]')}[]"
    return {key: _decode(value[key], kind[2:], owner, field, path) for key in sorted(value)} or None


def _struct(value: Any, kind: str, path: str, where: str) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        raise _mismatch(value, f"{where}{_go_name(kind, '', '')}")
    known = schema.types()[kind]
    decoded = {}
    for name in sorted(value):
        item = value[name]
        if name in known:
            item = _decode(item, known[name], kind, name, f"{path}.{name}")
            if item is None or (item == "" and _is_left_out(kind, name, known[name])):
                continue
        decoded[name] = item
    return decoded


def _is_left_out(owner: str, field: str, kind: str) -> bool:
    return kind == "string" and _exceptions().get(owner, {}).get(field) != "*string"


def _zero(kind: str) -> Any:  # noqa: ANN401 - any JSON value
    if kind in schema.types():
        return {}
    return {"string": "", "bool": False, "int": 0}.get(kind)


def _go_name(kind: str, owner: str, field: str) -> str:
    if kind.startswith("[]"):
        return f"[]{_go_name(kind[2:], owner, field)}"
    if kind.startswith("{}"):
        return f"map[string]{_go_name(kind[2:], owner, field)}"
    if kind in schema.types():
        return "v1.ObjectMeta" if kind == "ObjectMeta" else f"v1alpha2.{kind}"
    named = _exceptions().get(owner, {}).get(field, "").removeprefix("*")
    if kind == "int":
        return "int64" if owner == "ObjectMeta" else named or "int32"
    return {"intorstring": "int32", "duration": "string"}.get(kind, named or kind)


def _leaf(value: Any, kind: str, go: str, where: str) -> Any:  # noqa: ANN401 - any JSON value
    if kind == "any" or (kind == "intorstring" and isinstance(value, str)):
        return value
    if kind == "quantity":
        return _quantity(value)
    if kind in {"int", "intorstring"}:
        return _int(value, go, where)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "bool" or not isinstance(value, str):
        raise _mismatch(value, f"{where}{go}")
    if kind == "duration":
        return _duration(value)
    return _time(value) if where.endswith("metadata.creationTimestamp of type ") else value


def _int(value: Any, go: str, where: str) -> int:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(value, f"{where}{go}")
    least, beyond = _RANGES.get(go, _LONG)
    if value != int(value) or not least <= value < beyond:
        raise GoTypeError(f"json: cannot unmarshal number {value} into {where}{go}")
    return int(value)


def _duration(value: str) -> str:
    try:
        return spelled(parse_duration(value))
    except ValueError:
        raise GoTypeError(f'time: invalid duration "{value}"') from None


def _quantity(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    text = value if isinstance(value, str) else json.dumps(value)
    if not _QUANTITY.fullmatch(text):
        pattern = f"'^{_QUANTITY.pattern}$'"
        raise GoTypeError(f"quantities must match the regular expression {pattern}")
    return text


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        shape = '"2006-01-02T15:04:05Z07:00"'
        told = f'parsing time "{value}" as {shape}: cannot parse "{value}" as "2006"'
        raise GoTypeError(told)
    return value


def name_of(kind: str, where: tuple[str, ...]) -> str:
    """Return Go's name for the type of the field of a Cluster or InstanceGroup at `where`."""
    owner, inner = "", kind
    known = {"metadata": "ObjectMeta", "spec": _ROOTS[kind]}
    for name in (part for part in where if not part.isdigit()):
        owner, inner = inner.removeprefix("[]"), known.get(name, "any")
        known = schema.types().get(inner.removeprefix("[]"), {})
    return _go_name(inner, owner, where[-1])


def convert(go: str, number: int) -> int:
    """Return a number as Go converts it to one of its types."""
    least, beyond = _RANGES.get(go, _LONG)
    return (number - least) % (beyond - least) + least


def check_numbers(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Refuse what JSON cannot say. Raises GoTypeError; the words are those of Go's encoder."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, float) and not math.isfinite(each):
            spoken = "NaN" if math.isnan(each) else f"{'+' if each > 0 else '-'}Inf"
            raise GoTypeError(f"json: unsupported value: {spoken}")


def _mismatch(value: Any, into: str) -> GoTypeError:  # noqa: ANN401 - any JSON value
    return GoTypeError(f"json: cannot unmarshal {word(value)} into {into}")


def word(value: object) -> str:
    """Return JSON's word for the kind of a value."""
    kinds = {bool: "bool", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number")
