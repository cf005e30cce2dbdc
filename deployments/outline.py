"""What a flow takes, read from its source: to import it is to import Prefect, seconds of it."""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deployments.catalog import CatalogEntry
from kled.errors import SettingsError

_ARGS: Final = "Args:"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a flow."""

    name: str
    required: bool
    default: str | None
    description: str
    type: str = ""
    """As its source has it: `ClusterName`, `Duration | None`."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "name": self.name,
            "type": self.type,
            "required": self.required,
            "default": self.default,
            "description": self.description,
        }


def parameters(entry: CatalogEntry) -> tuple[Parameter, ...]:
    """Return the parameters of the flow of `entry`, in their order.

    Raises `SettingsError` where the module or the function is not there.
    """
    function = _function(entry)
    about = dict(_described(ast.get_docstring(function) or ""))
    arguments = function.args
    named = [*arguments.args, *arguments.kwonlyargs]
    first = len(arguments.args) - len(arguments.defaults)
    defaults = [None] * first + list(arguments.defaults) + list(arguments.kw_defaults)
    return tuple(
        Parameter(
            argument.arg,
            required=default is None,
            default=None if default is None else ast.unparse(default),
            description=about.get(argument.arg, ""),
            type="" if argument.annotation is None else ast.unparse(argument.annotation),
        )
        for argument, default in zip(named, defaults, strict=True)
    )


def described(entry: CatalogEntry) -> str:
    """Return what the flow of `entry` does: its docstring without the parameters."""
    return (ast.get_docstring(_function(entry)) or "").partition(_ARGS)[0].strip()


def _function(entry: CatalogEntry) -> ast.FunctionDef:
    module = importlib.util.find_spec(entry.module)
    if module is None or module.origin is None:
        raise SettingsError(f"there is no module {entry.module}")
    for node in ast.parse(Path(module.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == entry.function:
            return node
    raise SettingsError(f"there is no function {entry.entrypoint}")


def _described(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of a docstring's `Args:` as name and description."""
    _, marker, section = docstring.partition(_ARGS)
    for line in section.splitlines() if marker else ():
        name, colon, about = line.strip().partition(": ")
        if colon and name.isidentifier():
            yield name, about
