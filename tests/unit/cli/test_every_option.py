"""Every option of every command is read by somebody: one that nobody reads is a promise broken.

Fault 14: `snapshot restore` offered `--no-window` and `--no-role-check`, and read neither.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import click
import pytest

import kled
from kled.cli.app import ROOT
from kled.cli.frame import command as leaf
from kled.commands import TAKES
from kled.operations.guards.guards import APPLIES, EDITS, READS, Guards
from kled.operations.guards.overrides import Overrides

SHARED: Final = {"state", "output", "verbose", "config", "snapshot_store", "lease_wait"}
"""What `leaf` reads into the settings, for all commands."""
SWITCHES: Final = {field.name for field in fields(Overrides)}
_PACKAGE: Final = Path(kled.__file__).parent
_EXECUTE: Final = _PACKAGE / "cli" / "frame" / "execute.py"


def commands(group: click.Group = ROOT, path: str = "kled") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS: Final = dict(commands())


def test_every_command_says_which_places_it_can_be_told() -> None:
    assert {f"kled {path}" for path in TAKES} == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_each_option_of_a_command_is_read(path: str) -> None:
    command = COMMANDS[path]
    own = {option.name for option in command.params if option.expose_value} - SHARED - SWITCHES

    unread = own - set(_read(inspect.unwrap(_function(command)), own))

    assert not unread


@pytest.mark.parametrize("path", COMMANDS)
def test_each_option_says_what_it_is_for(path: str) -> None:
    """`--role` said nothing; two said only what they are by default."""
    options = [one for one in COMMANDS[path].params if isinstance(one, click.Option)]

    assert [one.opts for one in options if not (one.help or "").partition("[")[0]] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_offers_the_switches_of_its_operations_guards(path: str) -> None:
    command = COMMANDS[path]
    guards: Guards = getattr(command, "guards", READS)

    offered = {option.name for option in command.params} & SWITCHES

    assert offered == {
        name
        for name, asked in {
            "no_lease": guards.lease,
            "no_snapshot": guards.snapshot != "none",
            "no_epoch": guards.epoch != "none",
            "no_window": guards.windows,
            "no_role_check": guards.roles,
            "no_drain": guards.ends_machines,
            "new_identity": guards.identity,
        }.items()
        if asked
    }


@pytest.mark.parametrize("switch", sorted(SWITCHES))
def test_each_switch_is_read_where_its_guard_is(switch: str) -> None:
    places = [
        path
        for path in [*(_PACKAGE / "operations").rglob("*.py"), _EXECUTE]
        if path.name != "overrides.py" and switch in _attributes(path)
    ]

    assert places


def test_the_switches_follow_the_guards() -> None:
    named = {option().name for option in leaf._switches(EDITS)}  # what a command would offer

    assert "no_role_check" not in named
    assert {option().name for option in leaf._switches(APPLIES)} > named


def _function(command: click.Command) -> Callable[..., Any]:
    assert command.callback is not None
    return command.callback


def _read(function: Callable[..., Any], options: set[str]) -> Iterator[str]:
    """Yield the options that the function's own body uses, or passes on as they are."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef)
    rest = node.args.kwarg.arg if node.args.kwarg else None
    named = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    used = {
        part.id
        for statement in node.body
        for part in ast.walk(statement)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    }
    yield from named & used
    if rest in used:
        yield from options - named


def _attributes(path: Path) -> set[str]:
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
