"""What every command shares: global options, settings, sessions, and the way results are shown."""

import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from kled import config
from kled.cli.frame import interruption
from kled.cli.frame.parameters import DURATION, TEXT, TYPED, Leaf
from kled.cli.frame.signals import ANEW, LAST_WORDS, NOTHING_CHANGED
from kled.cli.frame.typed_line import Typed
from kled.cli.terminal import streams, typed_places
from kled.cli.terminal.output import Column, show
from kled.commands import NOWHERE, Places
from kled.operations.guards.guards import READS, Guards, LeasePlace
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.retry import Clock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from kled.operations.session import Session
    from kled.operations.stores import Stores

P = ParamSpec("P")


class Call:
    """One command line: its settings, its output format, and the clock."""

    def __init__(
        self, settings: config.Settings, *, verbose: bool, overrides: Overrides = NOTHING
    ) -> None:
        self.settings = settings
        self.verbose = verbose
        self.overrides = overrides
        self.typed = Typed()
        self.clock = Clock(time.monotonic, time.sleep)
        self._operations: list[interruption.Interruptible] = []

    @contextmanager
    def halfway(
        self, what: str, display: interruption.ShownSteps, rest: str = interruption.REST
    ) -> Iterator[interruption.Interruptible]:
        """Yield an observer of an operation, which tells how far an interrupted one came."""
        watching = interruption.Interruptible(what, display, rest)
        self._operations.append(watching)
        with interruption.tell_when_interrupted(watching.lines, watching.hurried):
            yield watching

    @property
    def has_acted(self) -> bool:
        """Whether the command has begun an operation."""
        return bool(self._operations)

    @functools.cached_property
    def stores(self) -> "Stores":
        """The stores of this command, each opened once, which its sessions use, too."""
        from kled.operations.stores import Stores  # noqa: PLC0415 - not for --help

        return Stores(self.settings, self.clock)

    def session(
        self,
        place: LeasePlace | None = None,
        *,
        with_kops: bool = True,
        on_line: Callable[[str], None] | None = None,
        on_note: Callable[[str], None] | None = None,
        asks_again: bool = True,
    ) -> "AbstractContextManager[Session]":
        """Open a session; it holds the lease of `place` if it writes (None: it only reads).

        Reads that the cloud rejects for its load are tried again, unless steps do that
        (`asks_again`).
        """
        from kled.operations.acting import acting  # noqa: PLC0415 - not for --help
        from kled.operations.session import open_session  # noqa: PLC0415

        return open_session(
            self.settings,
            place,
            who=acting(self.settings, "cli"),
            overrides=self.overrides,
            clock=self.clock,
            on_line=on_line or self._line,
            on_note=on_note or self.say,
            stores=self.stores,
            with_kops=with_kops,
            asks_again=asks_again,
        )

    @property
    def person(self) -> str:
        """The person who types, as this machine names them: `USER@HOST`."""
        from kled.operations.acting import person  # noqa: PLC0415 - not for --help

        return person()

    def _line(self, line: str) -> None:
        if self.verbose:
            self.say(f"kops: {line}")

    def show(self, rows: Sequence[Any], columns: Sequence[Column]) -> None:
        """Write `rows` (values with `as_json`) to stdout in the chosen format."""
        show([row.as_json() for row in rows], columns, self.settings.output)

    def say(self, *lines: str) -> None:
        """Write lines for a person to stderr; no name in them can forge a line (`terminal`)."""
        streams.err().say(*lines)


def leaf(  # noqa: PLR0913 - what a command is, each by its name
    name: str,
    *,
    examples: Sequence[str],
    guards: Guards = READS,
    snapshots: bool = False,
    apart: bool = False,
    again: Sequence[str] = (NOTHING_CHANGED, ANEW),
    cls: type[Leaf] = Leaf,
) -> Callable[[Callable[Concatenate[Call, P], int | None]], click.Command]:
    """Make a function a command, which is given a `Call` and returns its exit code (None: 0).

    `guards` are those of its operation: each adds the option that switches it off. With `snapshots`
    it takes `--snapshot-store`, as all commands do that take one before a change. One that stands
    `apart` works whatever `KLED_*` variables and the settings file say. `again` is the message for
    an interruption outside of an operation.
    """

    def make(function: Callable[Concatenate[Call, P], int | None]) -> click.Command:
        @functools.wraps(function)
        def call(**options: Any) -> int:  # noqa: ANN401 - click hands over what it parsed
            made = _call(options, apart=apart)
            made.typed = click.get_current_context().meta.get(TYPED, made.typed)

            def lines() -> list[str]:
                return [interruption.REST] if made.has_acted else list(again)

            with interruption.tell_when_interrupted(lines, lines):
                LAST_WORDS.begun = True
                return function(made, **options) or 0  # type: ignore[call-arg]

        command = click.command(
            name,
            cls=cls,
            epilog=_epilog(examples),
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        )(call)
        kept = _SNAPSHOTS if snapshots or guards.snapshot != "none" else ()
        command.params += [option() for option in (*_switches(guards), *kept, *_GLOBAL)]
        for param in command.params:
            param.type = TEXT if param.type is click.STRING else param.type
        command.again = tuple(again)  # type: ignore[attr-defined]  # for those who list it
        command.guards = guards  # type: ignore[attr-defined]  # for those who list what is offered
        return command

    return make


def _call(options: dict[str, Any], *, apart: bool) -> Call:
    named = {
        "state": options.pop("state"),
        "config": options.pop("config"),
        "snapshots": options.pop("snapshot_store", None),
    }
    settings = config.bare(os.environ) if apart else config.load(os.environ, **named)
    if not apart:
        beyond = replace(_beyond(named), protected=settings.protected)
        typed_places.remember(typed_places.with_kops(beyond, settings))
    output, wait = options.pop("output"), options.pop("lease_wait", None)
    settings = replace(
        settings,
        output=output or settings.output,
        lease_wait=settings.lease_wait if wait is None else wait,
    )
    given = {
        field.name: options.pop(field.name) for field in fields(Overrides) if field.name in options
    }
    return Call(settings, verbose=options.pop("verbose"), overrides=Overrides(**given))


def _beyond(named: Mapping[str, Any]) -> Places:
    """Return the options that must be repeated to reach the typed places."""
    if not any(named.values()):
        return NOWHERE
    return typed_places.places_beyond(
        os.environ,
        state=named["state"],
        config_file=named["config"],
        snapshots=named["snapshots"],
    )


def _switches(guards: Guards) -> Iterator[Callable[[], click.Option]]:
    """Yield the options that switch off what `guards` ask for."""
    if guards.lease:
        yield from _LEASE
    if guards.snapshot != "none":
        yield _NO_SNAPSHOT
    if guards.epoch != "none":
        yield _NO_EPOCH
    if guards.windows:
        yield _NO_WINDOW
    if guards.roles:
        yield _NO_ROLE_CHECK
    if guards.ends_machines:
        yield _NO_DRAIN
    if guards.identity:
        yield _NEW_IDENTITY


def _epilog(examples: Sequence[str]) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)


_GLOBAL: tuple[Callable[[], click.Option], ...] = (
    lambda: click.Option(["--state"], metavar="URL", help="State store, for example s3://BUCKET."),
    lambda: click.Option(
        ["-o", "--output"], type=click.Choice(["table", "json", "yaml"]), help="Format of results."
    ),
    lambda: click.Option(
        ["-v", "--verbose"], is_flag=True, help="Show what kops says, and tracebacks."
    ),
    lambda: click.Option(
        ["--config"], type=click.Path(path_type=Path, dir_okay=False), help="Settings file."
    ),
)
_SNAPSHOTS: tuple[Callable[[], click.Option], ...] = (
    lambda: click.Option(
        ["--snapshot-store"],
        metavar="URL",
        help="Where snapshots are kept [default: as configured].",
    ),
)
_LEASE: tuple[Callable[[], click.Option], ...] = (
    lambda: click.Option(
        ["--lease-wait"],
        type=DURATION,
        help="How long to wait for another writer of the cluster [default: the lease's TTL + 5 s].",
    ),
    lambda: click.Option(
        ["--no-lease"],
        is_flag=True,
        help="Go without a lease; only where the state store has no conditional writes.",
    ),
)


def _switch(name: str, about: str) -> Callable[[], click.Option]:
    return lambda: click.Option([name], is_flag=True, help=about)


_NO_SNAPSHOT = _switch(
    "--no-snapshot", "Take no snapshot first, though a snapshot store is configured."
)
_NO_EPOCH = _switch(
    "--no-epoch", "Do not ask the snapshot store whether the cluster still lives here."
)
_NO_WINDOW = _switch("--no-window", "Change the cluster outside of its maintenance windows.")
_NO_ROLE_CHECK = _switch(
    "--no-role-check",
    "Change or delete IAM roles though other registered clusters may use them, too.",
)
_NO_DRAIN = _switch(
    "--no-drain", "Let the cloud end machines with the pods on them: of lowered bounds, or a group."
)


_NEW_IDENTITY: Callable[[], click.Option] = lambda: click.Option(  # noqa: E731 - as the others
    ["--new-identity"],
    metavar="CLUSTER",
    help="The name once more: new keysets, secrets or etcd volumes in place of those it had.",
)
