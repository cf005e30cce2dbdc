"""`--set` and `--unset`: paths into a Cluster or InstanceGroup, typed by kops' internal fields.

Rules and messages are those of kops 1.36.2 (pkg/commands/set_cluster.go, util/pkg/reflectutils)
and of captures 30i-edit-cluster-set-badpath, 30-edit-cluster-set, T-set-* and T-setc-*: lists take
commas and grow, maps take `key=value`, an index one past the end of a list adds an element, `[*]`
means all of it. The names are those of kops' internal objects, not those of `-o yaml`.
"""

import itertools
import re
from typing import Any

from kled.sandbox.clock import spelled
from kled.sandbox.context import KopsFailure
from kled.sandbox.definition import go_types, internal_fields, schema
from kled.sandbox.verbs.durations import parse_duration
from kled.sandbox.verbs.flags import Flags

Parts = tuple[str, ...]
_PART = re.compile(r"([^./\[\]\s]+)|\[(\d+|\*)\]")
_NUMBER = re.compile(r"([-+]?)0*([0-9]{1,20})")
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_IN_MAPS = frozenset({"string", "intorstring", "[]string"})
_IN_ONE_TEXT = frozenset({"oidcGroupsClaim", "oidcRequiredClaim"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


def apply_flags(document: dict[str, Any], flags: Flags) -> None:
    """Apply --unset, then --set, in place.

    Raises `KopsFailure`: no `=`, no such field, or a value of another type; nothing else is changed
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
    inner = _parts(document, path)
    for parts in _every(document, inner):
        kind = _kind(document, parts)
        if kind is None:
            raise _not_found(document, path)
        if document["kind"] == "InstanceGroup" and parts == ("spec", "role"):
            text = internal_fields.to_stored_role(text)
        where = internal_fields.to_stored(document["kind"], parts)
        if internal_fields.is_negated(document["kind"], where) and kind == "bool":
            text = "false" if _typed_as(path, None, kind, text) else "true"
        if where[-1] in _IN_ONE_TEXT:
            _put_claims(document, where, text)
            continue
        _assign(document, where, kind, text, path)


def _put_claims(document: dict[str, Any], where: Parts, text: str) -> None:
    """Add claims of OIDC: kops stores its list in one text, and its map as sorted `KEY=VALUE`."""
    old = _reach(document, where)
    if where[-1] == "oidcGroupsClaim":
        _assign(document, where, "string", ",".join([old, text] if old else [text]), "")
        return
    claims = dict(claim.partition("=")[::2] for claim in [*(old or []), text])
    if old is None:
        _assign(document, where, "[]string", "", "")
    _put(
        _reach(document, where[:-1]), where[-1], sorted("=".join(claim) for claim in claims.items())
    )


def _unset(document: dict[str, Any], path: str) -> None:
    for parts in _every(document, _parts(document, path)):
        if _kind(document, parts) is None:
            raise _not_found(document, path)
        for where in internal_fields.all_stored_below(document["kind"], parts):
            holder = _reach(document, where[:-1])
            if isinstance(holder, list):
                holder[int(where[-1])] = None
            elif isinstance(holder, dict):
                holder.pop(where[-1], None)


def _parts(document: dict[str, Any], path: str) -> Parts:
    path = path.removeprefix("cluster.") if document["kind"] == "Cluster" else path
    path = path.removeprefix("instancegroup.") if document["kind"] == "InstanceGroup" else path
    path = internal_fields.to_internal(document["kind"], path)
    return tuple(name or index for name, index in _PART.findall(path)) or ("",)


def _every(document: dict[str, Any], parts: Parts) -> list[Parts]:
    """Return the paths that one with `[*]` means: one for each element that is there."""
    if "*" not in parts:
        return [parts]
    at = parts.index("*")
    entries = _reach(document, internal_fields.to_stored(document["kind"], parts[:at]))
    every = range(len(entries)) if isinstance(entries, list) else ()
    expanded = [
        path
        for index in every
        for path in _every(document, (*parts[:at], str(index), *parts[at + 1 :]))
    ]
    if not expanded:
        raise _not_found(document, _spelled(parts))
    return expanded


def _spelled(parts: Parts) -> str:
    return "".join(f"[{p}]" if p == "*" or p.isdigit() else f".{p}" for p in parts)[1:]


def _not_found(document: dict[str, Any], path: str) -> KopsFailure:
    return KopsFailure(f"field {path} not found in *{document['kind']}")


def _kind(document: dict[str, Any], parts: Parts) -> str | None:
    """Return the kind of an internal field, None where kops has none of that name.

    An index may be one past the end of what is stored; a key of a map is no field.
    """
    kinds, kind = schema.fields(document), None
    for at, part in enumerate(parts):
        if part.isdigit():
            entries = _reach(document, internal_fields.to_stored(document["kind"], parts[:at]))
            if int(part) > (len(entries) if isinstance(entries, list) else 0):
                return None
        kind = kinds.get("[]" if part.isdigit() else part)
        if kind is None:
            return None
        kinds = {"[]": kind[2:]} if kind.startswith("[]") else schema.internal_types().get(kind, {})
    return kind


def _reach(document: dict[str, Any], where: Parts) -> Any:  # noqa: ANN401 - any JSON value
    """Return what is stored there, None where nothing is."""
    holder: Any = document
    for part in where:
        if isinstance(holder, list):
            holder = holder[int(part)] if int(part) < len(holder) else None
        elif isinstance(holder, dict):
            holder = holder.get(part)
        else:
            return None
    return holder


def _assign(document: dict[str, Any], where: Parts, kind: str, text: str, path: str) -> None:
    holder: Any = document
    for part, following in itertools.pairwise(where):
        inside = _item(holder, part)
        if inside is None:
            inside = [] if following.isdigit() else {}
            _put(holder, part, inside)
        holder = inside
    if kind == "int":
        value = _whole(path, go_types.name_of(document["kind"], where), text)
    else:
        value = _typed_as(path, _item(holder, where[-1]), kind, text)
    _put(holder, where[-1], value)


def _item(holder: Any, part: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(holder, list):
        return holder[int(part)] if int(part) < len(holder) else None
    return holder.get(part)


def _put(holder: Any, part: str, value: object) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(holder, list):
        holder[int(part) : int(part) + 1] = [value]
    else:
        holder[part] = value


def _whole(path: str, go: str, text: str) -> int:
    """Return what kops stores of a number: it reads 64 bits and cuts them to those of the field."""
    number = _atoi(text)
    if number is None:
        sign = "unsigned " if go.startswith("u") else ""
        told = f'cannot interpret "{text}" value as {sign}integer'
        raise KopsFailure(f'cannot set field "{path}": {told}')
    return go_types.convert(go, number)


def _atoi(text: str) -> int | None:
    """Return the number that Go's Atoi reads; None where it reads none, or one above 64 bits."""
    match = _NUMBER.fullmatch(text)
    number = int(match[1] + match[2]) if match else None
    return number if number is not None and go_types.convert("int64", number) == number else None


def _typed_as(path: str, old: Any, kind: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return _typed(old, kind, text)
    except ValueError as error:
        raise KopsFailure(f'cannot set field "{path}": {error}') from error


def _typed(old: Any, kind: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    if kind.startswith("[]"):
        return [*(old or []), *(_typed(None, kind[2:], item) for item in text.split(","))]
    if kind.startswith("{}"):
        name, _, value = text.partition("=")
        if kind[2:] not in _IN_MAPS:
            raise ValueError(f'unhandled type "map[string]{kind[2:]}"')
        return dict(old or {}) | ({name: _typed(None, kind[2:], value)} if text else {})
    if kind in schema.internal_types():
        return _struct(old, kind, text)
    if kind == "uint8":
        raise ValueError('unhandled type "uint8"')
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
    if kind == "intorstring":
        number = _atoi(text)
        return text if number is None or go_types.convert("int32", number) != number else number
    if kind == "duration":
        try:
            return spelled(parse_duration(text))
        except ValueError:
            raise ValueError(f'cannot interpret "{text}" value as v1.Duration') from None
    return text
