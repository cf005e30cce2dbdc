"""A preview ends with the command that acts: all that was typed, and what was missing. K6.

`update-cluster --roll` told a command without `--roll`, `delete-cluster --no-snapshot` one without
that, and five others told nothing that could be copied: "the same command with --yes".
"""

import shlex
from collections.abc import Iterator
from typing import Final

import click
import pytest

from kled.cli.frame.typed_line import Typed, read
from tests.unit.cli.test_copied_commands import LINES
from tests.unit.cli.test_every_option import COMMANDS

PREVIEWS: Final = {
    path: command
    for path, command in COMMANDS.items()
    if any("--yes" in one.opts for one in command.params)
}
PLACES: Final = {"state", "snapshot-store", "config"}


def words(command: click.Command) -> Iterator[str]:
    """Yield a line with every option of a command but `--yes`, each with a value to be quoted."""
    for one in command.params:
        name = one.opts[-1]
        if isinstance(one, click.Argument):
            yield "one word"
        elif isinstance(one, click.Option) and one.is_flag:
            yield from () if name in {"--yes", "--help"} else (name,)
        else:
            yield from (f"{name}=a 'b'",) * (2 if one.multiple else 1)


@pytest.mark.parametrize("path", PREVIEWS)
def test_what_was_typed_is_told_again_with_what_acts(path: str) -> None:
    command, name = PREVIEWS[path], path.removeprefix("kled ")
    context = click.Context(command, **command.context_settings)
    typed = read(command, context, [*words(command)])

    told = shlex.split(typed.again(name, yes=True))

    assert told[: len(path.split())] == path.split()
    again = read(command, context, told[len(path.split()) :])
    assert again.arguments == typed.arguments
    kept = {option: value for option, value in typed.options.items() if option not in PLACES}
    assert again.options == kept | {"yes": True}


def test_what_is_given_anew_stands_in_place_of_what_was_typed() -> None:
    typed = Typed(("a b",), {"name": "c", "digest": "old", "confirm": "x", "roll": True})

    told = typed.again("kops update-cluster", name="c.e", digest="new", confirm=None, roll=False)

    assert told == "kled kops update-cluster 'a b' --name=c.e --digest=new --confirm=x"


def test_no_line_speaks_of_the_same_command_where_it_could_name_it() -> None:
    previews = [text for text in LINES.values() if text.startswith("preview only; ")]

    assert len(previews) > 12
    assert [text for text in previews if " with: " not in text] == []
