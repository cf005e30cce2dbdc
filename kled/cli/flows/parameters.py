"""Turns `key=value` words and a file into a flow's parameters, checked before anything runs."""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from kled.cli.frame.parameters import whole
from kled.errors import InvalidInput, TextUnreadable
from kled.models.problems import plain
from kled.yaml_text import document

if TYPE_CHECKING:
    from prefect import Flow

    from kled.cli.frame.command import Call

_EMPTY: Final = "a variable in it may be unset; give a value, or leave the parameter out"
_SPEC: Final = "spec"
"""A flow's spec, whose fields may be given bare: `name=...` means `spec.name=...`."""


def model_of(flow: Callable[..., Any]) -> type[BaseModel]:
    """Return a model whose fields are the parameters of the function `flow`."""
    fields: dict[str, Any] = {
        name: (
            parameter.annotation,
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for name, parameter in inspect.signature(flow).parameters.items()
    }
    return create_model("Parameters", __config__=ConfigDict(extra="forbid"), **fields)


def read_file(text: str) -> dict[str, Any]:
    """Read parameters as YAML or JSON; keys may be in kebab case."""
    try:
        parsed = document(text) or {}
    except TextUnreadable as error:
        raise InvalidInput("params", f"not valid YAML or JSON: {error.message}") from error
    if not isinstance(parsed, dict):
        raise InvalidInput("params", "must be a mapping of parameters to values")
    return {_snake(str(key)): _snake_keys(key, value) for key, value in parsed.items()}


def today(
    call: "Call", flow: "Flow[..., Any]", assignments: Sequence[str], given: Mapping[str, Any]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the typed and the file's parameters in today's spelling, and warn of earlier ones."""
    from tasks.running.language import modernise, respell_parameters  # noqa: PLC0415 - imports prefect

    earlier = getattr(flow, "earlier", {})
    spelled, said = respell_parameters(given, earlier)
    now: list[str] = []
    for word in assignments:
        mine = modernise(word, earlier)
        now += mine
        if mine != (word,):
            said = (*said, f"{word} is an earlier spelling: write {' '.join(mine)}")
    call.say(*(f"warning: {remark}" for remark in said))
    return tuple(now), spelled


def collect(
    model: type[BaseModel], assignments: Sequence[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return `given` with every `key=value` of `assignments` put in its place.

    Values for lists are split at commas, and a list's key may be repeated. Raises `InvalidInput`,
    which names the key, for an unknown or repeated parameter.
    """
    schema = model.model_json_schema()
    parameters = _place_bare(schema, given)
    seen: set[tuple[str, ...]] = set()
    for word in assignments:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise InvalidInput(word, "is not key=value", hint="for example name=c.example.com")
        if not value:
            raise InvalidInput(key, "is empty", hint=_EMPTY)
        path = _path(schema, key)
        _put(parameters, path, _value(schema, path, value), again=path in seen)
        seen.add(path)
    return parameters


def validate(model: type[BaseModel], parameters: Mapping[str, Any]) -> BaseModel:
    """Return the checked parameters; raises `InvalidInput`, which names the first wrong field."""
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        problems = [
            _problem(problem) for problem in error.errors(include_url=False, include_input=False)
        ]
    (field, message), *others = problems
    more = "; ".join(f"{name} {problem}" for name, problem in others)
    raise InvalidInput(field, message, hint=f"also {more}" if more else None)


def _problem(error: Mapping[str, Any]) -> tuple[str, str]:
    message = plain(error)
    return ".".join(str(part) for part in error["loc"]), message[:1].lower() + message[1:]


def _snake(key: str) -> str:
    return key.replace("-", "_")


def _snake_keys(key: object, value: object) -> object:
    if _snake(str(key)) == _SPEC and isinstance(value, dict):
        return {_snake(str(inner)): field for inner, field in value.items()}
    return value


def _place_bare(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    placed: dict[str, Any] = {}
    for key, value in given.items():
        path = _path(schema, key)
        if len(path) == 1 and isinstance(value, dict):
            placed[path[0]] = {**value, **placed.get(path[0], {})}
        else:
            _put(placed, path, value, again=False)
    return placed


def _path(schema: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return where `key` belongs; only names of parameters and fields may be in kebab case."""
    head, *rest = key.split(".")
    first, known = _snake(head), schema.get("properties", {})
    if first in known:
        if not rest:
            return (first,)
        fields = _fields(schema, first)
        inner = _snake(rest[0])
        if fields and inner not in fields:
            raise _unknown(key, [f"{first}.{name}" for name in fields])
        return (first, inner if fields else rest[0], *_joined(rest[1:]))
    if first in _fields(schema, _SPEC):
        return (_SPEC, first, *_joined(rest))
    raise _unknown(key, [*known, *_fields(schema, _SPEC)])


def _joined(parts: Sequence[str]) -> tuple[str, ...]:
    """Join the parts to one key again: keys of labels may hold dots themselves."""
    return (".".join(parts),) if parts else ()


def _unknown(key: str, known: Sequence[str]) -> InvalidInput:
    near = difflib.get_close_matches(_snake(key), known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return InvalidInput(key, "there is no such parameter", hint=f"{hint}known: {', '.join(known)}")


def _fields(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the fields of a parameter's model; empty for parameters of other types."""
    shape = schema.get("properties", {}).get(name, {})
    reference = str(shape.get("$ref", "")).rpartition("/")[2]
    fields: Mapping[str, Any] = schema.get("$defs", {}).get(reference, {}).get("properties", {})
    return fields


def _value(schema: Mapping[str, Any], path: tuple[str, ...], value: str) -> object:
    shape = schema["properties"][path[0]]
    if len(path) > 1:
        shape = _fields(schema, path[0]).get(path[1], {})
    kinds = set(_kinds(shape))
    if "array" in kinds:
        unsplit = shape.get("commas") is False
        return (
            [value]
            if unsplit
            else [element.strip() for element in value.split(",") if element.strip()]
        )
    if "object" in kinds:  # the shape of spec.labels; spec.labels.team has none here
        pairs = (pair.partition("=") for pair in value.split(",") if pair)
        return {name: content for name, _, content in pairs}
    if "integer" in kinds and "string" not in kinds:  # a choice of numbers takes no text
        number = whole(value)
        return value if number is None else number
    return value


def _kinds(shape: Mapping[str, Any]) -> Iterator[str]:
    for alternative in (shape, *shape.get("anyOf", ())):
        if "type" in alternative:
            yield str(alternative["type"])


def _put(parameters: dict[str, Any], path: tuple[str, ...], value: object, *, again: bool) -> None:
    at = parameters
    for part in path[:-1]:
        at = at.setdefault(part, {})
        if not isinstance(at, dict):
            raise InvalidInput(part, "is given twice: as a whole and by its fields")
    last = path[-1]
    if again and isinstance(value, list):
        at[last] = [*at[last], *value]
    elif again and isinstance(value, dict):
        at[last] = {**at[last], **value}
    elif again:
        raise InvalidInput(".".join(path), "is given twice")
    else:
        at[last] = value
