"""`--name`, and the one rule about it: what changes a cluster is told its name, and never guesses.

What only looks - a preview, too - takes the state store's only cluster, and lists show all.
"""

from collections.abc import Callable
from typing import Any, Final

import click

ALWAYS: Final = "The cluster; it has to be named."
WITH_YES: Final = "The cluster; a preview takes the store's only one, --yes needs its name."
ONLY_ONE: Final = "The cluster; without it, the store's only one."
ALL: Final = "The cluster; without it, all of the store."


def name(about: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--name` with what of the rule is about the command."""
    return click.option("--name", metavar="CLUSTER", help=about)


def required() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--name` of a command that looks at no store before it knows the name."""
    return click.option("--name", metavar="CLUSTER", required=True, help=ALWAYS)
