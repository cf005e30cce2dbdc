"""The option `--name`, and its rule: a command that changes a cluster never guesses its name.

Commands that only look, previews included, take the state store's only cluster, and lists show all.
"""

from collections.abc import Callable
from typing import Any, Final

import click

ALWAYS: Final = "The cluster; it has to be named."
WITH_YES: Final = "The cluster; a preview takes the store's only one, --yes needs its name."
ONLY_ONE: Final = "The cluster; without it, the store's only one."
ALL: Final = "The cluster; without it, all of the store."


def name(about: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--name`, with the part of the rule that applies to the command."""
    return click.option("--name", metavar="CLUSTER", help=about)


def required() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--name` of a command that needs the name before it looks at a store."""
    return click.option("--name", metavar="CLUSTER", required=True, help=ALWAYS)
