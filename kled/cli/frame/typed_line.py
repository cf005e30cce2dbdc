"""The typed command line, to be repeated: a preview ends with the whole command that acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from kled.sentences import hyphenated, options, word

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACES: Final = frozenset({"state", "snapshot-store", "config"})
"""The options that `kled.commands` adds to each printed command that needs them."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The arguments and the options of a command line, in order; options by their long names."""

    arguments: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)

    def again(self, command: str, **more: object) -> str:
        """Return the whole command: as it was typed, with `more`, quoted for a shell.

        `more` names options as `kled.sentences.options` does. A value replaces the typed one, None
        keeps it, and False leaves the option out.
        """
        given = {hyphenated(name): value for name, value in more.items() if value is not None}
        whole = {name: value for name, value in self.options.items() if name not in _PLACES} | given
        told = options(**whole)
        return " ".join(("kled", command, *map(word, self.arguments), *([told] if told else [])))


def read(command: click.Command, ctx: click.Context, args: Sequence[str]) -> Typed:
    """Return the arguments and options in `args`, before any of them is converted."""
    values, _, order = command.make_parser(ctx).parse_args(list(args))
    given = {option: values[str(option.name)] for option in dict.fromkeys(order)}
    named = {_long(key): value for key, value in given.items() if isinstance(key, click.Option)}
    spoken = (value for key, value in given.items() if isinstance(key, click.Argument))
    return Typed(tuple(part for value in spoken for part in _parts(value)), named)


def _long(option: click.Option) -> str:
    return next((opt for opt in option.opts if opt.startswith("--")), option.opts[0]).lstrip("-")


def _parts(value: Any) -> Sequence[str]:  # noqa: ANN401 - as click parses it
    """Return the words of an argument: one, several or none."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, tuple | list) else ()
