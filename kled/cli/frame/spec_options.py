"""`ClusterSpec` as command-line options: one declaration defines options, UI form and argv."""

import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
from pydantic.fields import FieldInfo

from kled.models.spec import ClusterSpec, parse_spec
from kled.sentences import hyphenated

_WHOLE: Final = frozenset({"set", "labels"})
"""Options whose values are one assignment each, in which a comma belongs to the value."""


def spec_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one option per field of `ClusterSpec`, in the fields' order."""
    for name, field in reversed(ClusterSpec.model_fields.items()):
        command = _option(name, field)(command)
    return command


def options() -> Iterator[tuple[click.Option, bool]]:
    """Yield the options in the fields' order, and whether each is needed."""

    def bare() -> None:
        """Carry the options."""

    for name, field in ClusterSpec.model_fields.items():
        (option,) = click.command()(_option(name, field)(bare)).params[:1]
        bare.__dict__.pop("__click_params__", None)
        if isinstance(option, click.Option):
            yield option, field.is_required()


def spec_from(options: Mapping[str, Any]) -> ClusterSpec:
    """Return the spec for these options.

    Raises `InvalidInput`, which names the option, for a value that cannot be used.
    """
    given = {
        name: _value(name, value)
        for name, value in options.items()
        if name in ClusterSpec.model_fields and value not in (None, ())
    }
    return parse_spec(given, name_of=_flag)


def _option(name: str, field: FieldInfo) -> Callable[..., Any]:
    kinds = tuple(_alternatives(field.annotation))
    flag, about = _flag(name), field.description or ""
    if name == "cloud":
        return click.option(flag, metavar="CLOUD", help=f"{about}: {', '.join(_choices(kinds))}.")
    if any(typing.get_origin(kind) is tuple for kind in kinds):
        metavar = "KEY=VALUE" if name in _WHOLE else "A,B"
        return click.option(flag, name, multiple=True, metavar=metavar, help=f"{about}.")
    if _choices(kinds):
        return click.option(flag, name, type=click.Choice(_choices(kinds)), help=f"{about}.")
    if bool in kinds:
        return click.option(flag, name, is_flag=True, default=None, help=f"{about}.")
    metavar = "N" if int in kinds else "FILE" if Path in kinds else "TEXT"
    return click.option(flag, name, metavar=metavar, help=f"{about}.")


def _flag(field: str) -> str:
    return "--" + hyphenated(field)


def _value(name: str, value: object) -> object:
    """Split values at commas, except for those of `--set`, which may hold commas of their own."""
    if not isinstance(value, tuple) or name in _WHOLE:
        return value
    return tuple(part.strip() for text in value for part in str(text).split(","))


def _alternatives(annotation: object) -> Iterator[object]:
    """Yield the types of a union, without what pydantic's `Annotated` adds to them."""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        for arg in typing.get_args(annotation):
            yield from _alternatives(arg)
    else:
        yield annotation


def _choices(kinds: Sequence[object]) -> tuple[str, ...]:
    return tuple(
        str(choice)
        for kind in kinds
        if typing.get_origin(kind) is typing.Literal
        for choice in typing.get_args(kind)
    )
