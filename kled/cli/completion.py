"""`kled completion`, and the answer to a shell that asks on Tab."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NoReturn

import click

from kled.cli.completing.shells import SHELLS, format_answer, script, split_typed
from kled.cli.frame.command import Call, leaf
from kled.cli.terminal import streams

_ASKS: Final = "_KLED_COMPLETE"


@leaf(
    "completion",
    examples=(
        "source <(kled completion bash)",
        "source <(kled completion zsh)",
        "kled completion fish | source",
    ),
    apart=True,
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(_: Call, shell: str) -> None:
    """Print what a shell evaluates, so that Tab completes kled's commands, options and values.

    Clusters, instance groups, subnets, fields, keysets, secrets and snapshots are looked up in the
    stores that the line or the environment names: only read, in less than a second, or left out.
    """
    streams.out().exact(script(shell))


def answer(root: click.Group, environment: Mapping[str, str]) -> NoReturn:
    """Write the answer to the shell, and end the process; on failure silently and with status 0.

    No client of a store may ask for anything, since there is no terminal to ask at, and no thread
    is waited for.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 2):
        os.dup2(nowhere, stream)
    with suppress(OSError):  # who leads a group of processes keeps its terminal
        os.setsid()
    with suppress(BaseException):
        streams.out().exact(_answer(root, environment))
    os._exit(0)


def _answer(root: click.Group, environment: Mapping[str, str]) -> str:
    from kled.cli.completing.following_words import (  # noqa: PLC0415 - not for the command
        Completion,
    )

    shell, _, what = environment[_ASKS].partition("_")
    if what == "source":  # as the documents had it once
        return script(shell)
    line = environment["COMP_LINE"]
    arguments = split_typed(line)
    items = Completion(root, {}, "kled", _ASKS).get_completions(arguments.complete, arguments.last)
    return format_answer(shell, line, environment.get("COMP_WORDBREAKS", ""), items)
