"""Command lines in this process, whose kops is the simulated one in this process: for fleets."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from kled import config
from kled.cli.frame.command import Call
from kled.cli.frame.typed_line import Typed
from kled.cli.terminal import typed_places as places
from kled.errors import KledError
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.session import Session, Who
from kled.process import Finished
from kled.retry import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pytest

    from tests.sandbox.desk import Desk


@dataclass(frozen=True)
class Ended:
    """How a command line ended; `stderr` has its error and its hint, too."""

    status: int
    stdout: str
    stderr: str

    def about(self, cluster: str) -> list[str]:
        """Return the lines of stderr that are about a cluster."""
        return [line for line in self.stderr.splitlines() if f"{cluster}: " in line]


class Line(Call):
    """A command line over a desk, without a lease: nobody else is there."""

    def __init__(
        self, desk: Desk, output: str, *, overrides: Overrides = NOTHING, **more: str
    ) -> None:
        env = {**desk.env, "KLED_OUTPUT": output, **more}
        super().__init__(config.load(env), verbose=False, overrides=overrides)
        self.clock = Clock(time.monotonic, lambda _seconds: None)
        self._desk = desk

    @contextmanager
    def session(self, *_args: Any, **_more: Any) -> Iterator[Session]:
        kops = Kops(
            KopsCalls(
                "kops",
                run=self._run,
                env=self._desk.env,
                state_store=str(self.settings.state_store),
                scratch=self._desk.directory / "home",
                on_warning=self.say,
            )
        )
        who = Who("tester", "a run", timedelta(0))
        told, stores = self.overrides, self.stores
        yield Session(self.settings, kops, self.clock, who, None, overrides=told, stores=stores)

    def _run(self, argv: Sequence[str], *, env: Mapping[str, str], **_more: Any) -> Finished:
        done = self._desk.run(*argv[1:], env=env)
        return Finished(tuple(argv), done.returncode, done.stdout, done.stderr, 0.0)


def typed(
    capsys: pytest.CaptureFixture[str],
    desk: Desk,
    command: click.Command,
    *,
    output: str = "table",
    env: Mapping[str, str] | None = None,
    overrides: Overrides = NOTHING,
    **options: Any,
) -> Ended:
    """Run one command to its end, as the command line does."""
    function: Callable[..., int | None] = command.callback.__wrapped__  # type: ignore[union-attr]
    with command.make_context(str(command.name), _needed(command)) as context:
        given = {name: value for name, value in context.params.items() if name in _names(function)}
    capsys.readouterr()
    places.forget()  # what another test typed in this process
    try:
        line = Line(desk, output, overrides=overrides, **(env or {}))
        line.typed = _typed(command, options)
        status = function(line, **{**given, **options}) or 0
        words = ""
    except KledError as error:
        status, words = error.exit_code, f"kled: {error.message}\nhint: {error.hint}\n"
    said = capsys.readouterr()
    return Ended(status, said.out, said.err + words)


def _typed(command: click.Command, given: Mapping[str, Any]) -> Typed:
    """Return the line that a person would have typed for these options."""
    long = {one.name: one.opts[-1].removeprefix("--") for one in command.params}
    return Typed((), {long[name]: value for name, value in given.items()})


def _needed(command: click.Command) -> list[str]:
    """Return what a command cannot be parsed without; what is given replaces it."""
    return [
        _some(one) if isinstance(one, click.Argument) else f"{one.opts[0]}={_some(one)}"
        for one in command.params
        if one.required
    ]


def _some(parameter: click.Parameter) -> str:
    """Return a value that the parameter takes."""
    if isinstance(parameter.type, click.Path):
        return os.devnull
    return str(next(iter(getattr(parameter.type, "choices", ())), "x"))


def _names(function: Callable[..., Any]) -> set[str]:
    code = function.__code__
    return set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
