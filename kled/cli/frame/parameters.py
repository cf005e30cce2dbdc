"""Types of option values that several commands take."""

import math
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from kled import durations
from kled.cli.frame import typed_line
from kled.errors import InvalidInput
from kled.models.counts import MOST
from kled.models.plan import is_digest
from kled.settings_text import require_addresses

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COUNT: Final = click.IntRange(0, MOST)
"""A number of machines, or of times."""
TYPED: Final = "kled.typed"
"""The key under which a context holds the typed line."""
_WHOLE: Final = re.compile(r"[0-9]{1,18}")


class Duration(click.ParamType[timedelta]):
    """A duration as kops writes it: `90s`, `15m`, `1h30m`; `0` needs no unit."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the duration; fail with an example of a right one."""
        if isinstance(value, timedelta):
            return value
        try:
            return durations.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION: Final = Duration()


class Factor(click.FloatRange):
    """A factor of at least 1; neither NaN, which passes every bound, nor infinity."""

    name = "factor"

    def __init__(self) -> None:
        super().__init__(min=1, max=1e9)

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


FACTOR: Final = Factor()


class Text(click.types.StringParamType):
    """Any text; Tab offers values for its word in the help (`kled.cli.completing.offers`)."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem[str]]":
        """Return the possible values; empty where they are unknown."""
        from kled.cli.completing.following_words import values  # noqa: PLC0415 - completion alone

        return values(ctx, param, incomplete)


TEXT: Final = Text()


def whole(typed: str) -> int | None:
    """Return the number that ASCII digits stand for; None for all else, such as `²`."""
    return int(typed) if _WHOLE.fullmatch(typed) else None


def digest(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Return the digest that a preview printed; its first 12 digits suffice."""
    if value is not None and not is_digest(value):
        raise click.BadParameter(f"{value!r} is not 12 to 64 hexadecimal digits")
    return value


class Leaf(click.Command):
    """A command that refuses empty options, which an unset variable of a shell would cause.

    `--name=` would mean every cluster, and `--state=` another state store than the one meant.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words; raise `InvalidInput` for an empty option, and for a damaged address."""
        if ctx.resilient_parsing:  # half a line, to be completed
            return super().parse_args(ctx, args)
        _refuse_empty(self.params, args)
        typed = tuple(args)
        rest = super().parse_args(ctx, args)
        ctx.meta[TYPED] = typed_line.read(self, ctx, typed)
        addresses = [
            param for param in self.params if param.metavar == "URL" and param.name in ctx.params
        ]
        require_addresses(
            {}, {address.opts[0]: ctx.params[str(address.name)] for address in addresses}
        )
        return rest


def _refuse_empty(options: Sequence[click.Parameter], args: Sequence[str]) -> None:
    taking = {
        name: option.opts[0]
        for option in options
        if isinstance(option, click.Option) and not option.is_flag
        for name in option.opts
    }
    typed = args[: args.index("--")] if "--" in args else args
    for word, following in zip(typed, [*typed, None][1:], strict=True):
        name = word[:-1] if word.startswith("--") and word.endswith("=") else word
        if name in taking and (name != word or following == ""):
            raise InvalidInput(
                taking[name],
                "is empty",
                hint="a variable in it may be unset; give a value, or leave the option out",
            )
