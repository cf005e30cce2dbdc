"""`ClusterSpec` as command-line options: one declaration defines options, UI form and argv."""

import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic.fields import FieldInfo

from kled.models.spec import ClusterSpec, parse_spec


def spec_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one option per field of `ClusterSpec`, in the fields' order."""
    for name, field in reversed(ClusterSpec.model_fields.items()):
        command = _option(name, field)(command)
    return command


def spec_from(options: Mapping[str, Any]) -> ClusterSpec:
    """Return the spec that the options give.

    Raises `InvalidInput`, which names the option, where a value cannot be used.
    """
    given = {
        name: _value(ClusterSpec.model_fields[name], value)
        for name, value in options.items()
        if name in ClusterSpec.model_fields and value not in (None, ())
    }
    return parse_spec(given, name_of=lambda field: "--" + field.replace("_", "-"))


def _option(name: str, field: FieldInfo) -> Callable[..., Any]:
    flags = ["--" + name.replace("_", "-"), name]
    help_text = f"{field.description or ''}"
    choices = _choices(field.annotation)
    if _is_list(field.annotation):
        return click.option(*flags, multiple=True, metavar=_metavar(field), help=help_text)
    if choices:
        shown = None if field.is_required() else field.get_default()
        suffix = f" [default: {shown}]" if shown else ""
        return click.option(*flags, type=click.Choice(choices), help=help_text + suffix)
    if field.annotation is bool:
        return click.option(*flags, is_flag=True, default=None, help=help_text)
    return click.option(*flags, metavar=_metavar(field), help=help_text)


def _value(field: FieldInfo, value: object) -> object:
    """Split what may be given with commas; `--set` values may hold commas and are left whole."""
    if not _is_list(field.annotation) or not isinstance(value, tuple):
        return value
    if (field.json_schema_extra or {}).get("commas") is False:  # type: ignore[union-attr]
        return list(value)
    return [part.strip() for one in value for part in str(one).split(",") if part.strip()]


def _is_list(annotation: object) -> bool:
    return typing.get_origin(annotation) in {list, tuple}


def _choices(annotation: object) -> tuple[str, ...]:
    for one in _alternatives(annotation):
        if typing.get_origin(one) is typing.Literal:
            return tuple(str(choice) for choice in typing.get_args(one))
    return ()


def _alternatives(annotation: object) -> tuple[object, ...]:
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return typing.get_args(annotation)
    return (annotation,)


def _metavar(field: FieldInfo) -> str:
    kinds = _alternatives(field.annotation)
    if _is_list(field.annotation):
        return "A,B"
    if int in kinds:
        return "N"
    return "FILE" if Path in kinds else "TEXT"
