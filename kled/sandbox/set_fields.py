"""`--set` and `--unset`: paths into a Cluster or InstanceGroup, typed by kops' own fields.

Rules and messages are those of kops 1.36.2 (pkg/commands/set_cluster.go, util/pkg/reflectutils)
and of captures 30i-edit-cluster-set-badpath, 30-edit-cluster-set: lists take commas and grow, maps
take `key=value`, an index one past the end of a list adds an element.
"""

import re
from typing import Any

from kled.sandbox import schema
from kled.sandbox.context import KopsFailure
from kled.sandbox.durations import parse_duration
from kled.sandbox.flags import Flags

_NEWER_NAMES = {
    "spec.api.publicName": "spec.masterPublicName",
    "spec.networking.topology.dns": "spec.topology.dns.type",
    "spec.externalDNS.provider": "spec.externalDns.provider",
}
_PART = re.compile(r"([^.\[\]]+)|\[(\d+|\*)\]")
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


def apply_flags(document: dict[str, Any], flags: Flags) -> None:
    """Apply --unset, then --set, in place.

    Raises:
        KopsFailure: no `=`, no such field, or a value of another type; nothing else is changed
        then.
    """
    for path in flags["unset"]:
        _unset(document, path)
    for text in flags["set"]:
        path, equals, value = text.partition("=")
        if not equals:
            raise KopsFailure(f'unhandled field: "{text}"')
        _set(document, path, value)


def _set(document: dict[str, Any], path: str, text: str) -> None:
    holder: Any = document
    kinds = schema.fields(document)
    parts = _parts(document, path)
    for index, part in enumerate(parts):
        kind = _kind(holder, kinds, part)
        if kind is None:
            raise _not_found(document, path)
        if index == len(parts) - 1:
            _assign(holder, part, kind, text, path)
            return
        holder, kinds = _descend(holder, part, kind), _fields_of(kind)


def _unset(document: dict[str, Any], path: str) -> None:
    holder: Any = document
    *parents, last = _parts(document, path)
    kinds = schema.fields(document)
    for part in parents:
        kind = _kind(holder, kinds, part)
        inside = _item(holder, part)
        if kind is None or inside is None:
            raise _not_found(document, path)
        holder, kinds = inside, _fields_of(kind)
    if _kind(holder, kinds, last) is None:
        raise _not_found(document, path)
    if isinstance(holder, list):
        holder[int(last)] = None
    else:
        holder.pop(last, None)


def _parts(document: dict[str, Any], path: str) -> list[str]:
    path = path.removeprefix("cluster.") if document["kind"] == "Cluster" else path
    path = _NEWER_NAMES.get(path, path)
    return [name or index for name, index in _PART.findall(path)] or [""]


def _not_found(document: dict[str, Any], path: str) -> KopsFailure:
    return KopsFailure(f"field {path} not found in *{document['kind']}")


def _fields_of(kind: str) -> dict[str, str]:
    if kind.startswith("[]"):
        return {"[]": kind[2:]}
    if kind.startswith("{}"):
        return {"{}": kind[2:]}
    return schema.types().get(kind, {})


def _kind(holder: Any, kinds: dict[str, str], part: str) -> str | None:  # noqa: ANN401 - any JSON value
    if isinstance(holder, list):
        return kinds.get("[]") if part.isdigit() and int(part) <= len(holder) else None
    return kinds.get(part, kinds.get("{}"))


def _item(holder: Any, part: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(holder, list):
        return holder[int(part)] if int(part) < len(holder) else None
    return holder.get(part)


def _descend(holder: Any, part: str, kind: str) -> Any:  # noqa: ANN401 - any JSON value
    inside = _item(holder, part)
    if inside is not None:
        return inside
    inside = [] if kind.startswith("[]") else {}
    if isinstance(holder, list):
        holder.append(inside)
    else:
        holder[part] = inside
    return inside


def _assign(holder: Any, part: str, kind: str, text: str, path: str) -> None:  # noqa: ANN401 - any JSON value
    try:
        value = _typed(_item(holder, part), kind, text)
    except ValueError as error:
        raise KopsFailure(f'cannot set field "{path}": {error}') from error
    if isinstance(holder, list):
        holder[int(part) : int(part) + 1] = [value]
    else:
        holder[part] = value


def _typed(old: Any, kind: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    if kind.startswith("[]"):
        return [*(old or []), *(_typed(None, kind[2:], item) for item in text.split(","))]
    if kind.startswith("{}"):
        name, _, value = text.partition("=")
        return dict(old or {}) | ({name: _typed(None, kind[2:], value)} if text else {})
    if kind in schema.types():
        return _struct(old, kind, text)
    return _scalar(kind, text)


def _struct(old: Any, kind: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    if kind == "EnvVar":
        name, equals, value = text.partition("=")
        return {"name": name} | ({"value": value} if equals else {})
    if text:
        raise ValueError(f'unhandled type "kops.{kind}"')
    return old or {}


def _scalar(kind: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    if kind == "bool":
        if text not in _TRUE | _FALSE:
            raise ValueError(f'cannot interpret "{text}" value as bool')
        return text in _TRUE
    if kind == "int":
        if not re.fullmatch(r"[-+]?\d+", text):
            raise ValueError(f'cannot interpret "{text}" value as integer')
        return int(text)
    if kind == "intorstring":
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if kind == "duration":
        try:
            parse_duration(text)
        except ValueError:
            raise ValueError(f'cannot interpret "{text}" value as v1.Duration') from None
    return text
