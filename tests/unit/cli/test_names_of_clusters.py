"""Help says when `--name` may be left out, by one rule, and the code keeps it. Fault 18."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final

import click
import pytest

from kled.cli.frame import cluster_name
from tests.unit.cli.test_every_option import COMMANDS

OTHER: Final = {
    "kled demo": "makes a cluster of its own",
    "kled kops create-cluster": "names a new one",
    "kled kops get-clusters": "lists them",
    "kled snapshot create": "takes several, or --all",
    "kled snapshot prune": "takes one, or --all",
}
NAMED: Final = {
    path: option
    for path, command in COMMANDS.items()
    for option in command.params
    if "--name" in option.opts and path not in OTHER
}
RULES: Final = {
    cluster_name.ALWAYS: {"cluster(changes=True)", "named_cluster"},
    cluster_name.WITH_YES: {"cluster(changes=yes)"},
    cluster_name.ONLY_ONE: {"only_cluster"},
    cluster_name.ALL: {
        "CheckHealth",
        "each_cluster",
        "only",
        "list_snapshots",
        "MirrorSnapshots",
        "VerifySnapshots",
    },
}
"""What the help says, and what the code may then do with a name that is left out."""


def source(command: click.Command) -> Iterator[ast.AST]:
    """Yield the command's function, and those of its room that it calls, and so on."""
    assert command.callback is not None
    waiting: list[Any] = [inspect.unwrap(command.callback)]
    seen: set[str] = set()
    while waiting:
        function = waiting.pop()
        seen.add(function.__name__)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        yield tree
        names = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)} - seen
        around = vars(inspect.getmodule(function))
        waiting += [
            around[name]
            for name in names
            if isinstance(around.get(name), FunctionType) and _room(around[name]) == _room(function)
        ]


def _room(function: FunctionType) -> str:
    return function.__module__.rpartition(".")[0]


def ways(command: click.Command) -> Iterator[str]:
    """Yield how a name that is left out is filled in."""
    for tree in source(command):
        for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
            called = ast.unparse(call.func).rpartition(".")[2]
            changes = [ast.unparse(one.value) for one in call.keywords if one.arg == "changes"]
            if called == "cluster" and changes:
                yield f"cluster(changes={changes[0]})"
            elif any(called in allowed for allowed in RULES.values()):
                yield called


@pytest.mark.parametrize("path", NAMED)
def test_the_help_says_what_happens_without_a_name(path: str) -> None:
    option = NAMED[path]
    assert isinstance(option, click.Option)

    assert option.help in RULES
    if option.required:
        assert option.help == cluster_name.ALWAYS
        return
    found = set(ways(COMMANDS[path]))
    assert found
    assert found <= RULES[option.help], path


@pytest.mark.parametrize("path", NAMED)
def test_what_changes_a_cluster_never_guesses_which(path: str) -> None:
    option, command = NAMED[path], COMMANDS[path]
    assert isinstance(option, click.Option)
    guards = getattr(command, "guards", None)

    if guards is not None and guards.lease:
        assert option.help in {cluster_name.ALWAYS, cluster_name.WITH_YES}
    offers_yes = any("--yes" in one.opts for one in command.params)
    assert offers_yes or option.help != cluster_name.WITH_YES
