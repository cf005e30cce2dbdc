"""The composition root of flows: the only place where they meet environment, clock and process.

An in-process caller (the command line) brings its own settings and a display by `called_by`;
a worker has neither and reads its environment.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from prefect.runtime import deployment, flow_run

from kled import carried_rules, carried_times, config
from kled.commands import Places, completed
from kled.files import private
from kled.lease import Waiting, unseen
from kled.models.plan import Plan
from kled.models.share import Share
from kled.operations.guards.consent import by_rules
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import Silent, StepObserver
from kled.operations.session import Session, Who, open_session
from kled.operations.step import UseCase
from kled.redact import Redactor, secret_values
from kled.retry import Clock
from kled.rules import Rules
from tasks.running import ending, logs, marks

logger = logging.getLogger("kled.flows")

LEASE_WAIT: Final = timedelta(minutes=30)
"""A flow queues behind another writer this long, unless `KLED_LEASE_WAIT` says otherwise."""


class Watching(StepObserver, Protocol):
    """An observer that also sees the lines of kops."""

    def line(self, line: str) -> None:
        """Kops wrote a line."""

    def note(self, message: str) -> None:
        """A long step is so far, or there is something to know."""

    def waits(self, what: str, lines: Sequence[str]) -> None:
        """It waits for `what`, and a person is told this."""

    def opened(self, session: Session) -> None:
        """A session has begun."""


class Unwatched(Silent):
    """Nobody looks on."""

    def line(self, line: str) -> None:
        """Show nothing."""

    def note(self, message: str) -> None:
        """Show nothing."""

    def waits(self, what: str, lines: Sequence[str]) -> None:
        """Show nothing."""

    def opened(self, session: Session) -> None:
        """Show nothing."""


@dataclass(frozen=True)
class FlowCaller:
    """Who runs flows in this process, other than a worker."""

    settings: config.Settings
    watching: Watching


_remarked: set[str] = set()
"""What this process has said of its rules: once, however many runs it has. Texts alone, so that
two threads at worst say one twice."""
_caller: ContextVar[FlowCaller | None] = ContextVar("kled-caller", default=None)
"""Prefect calls flows and tasks, and hands nothing through; each thread and run has its own."""


@contextmanager
def call_with(settings: config.Settings, watching: Watching) -> Iterator[None]:
    """Run the flows of this block with `settings`, and show `watching` what they do."""
    token = _caller.set(FlowCaller(settings, watching))
    try:
        yield
    finally:
        _caller.reset(token)


def watching() -> Watching:
    """Return who looks on."""
    caller = _caller.get()
    return caller.watching if caller else Unwatched()


def is_displayed() -> bool:
    """Return whether the caller shows steps and kops' lines itself."""
    return _caller.get() is not None


def settings() -> config.Settings:
    """Return the caller's settings, else those of the environment.

    A worker's environment may hold variables of a newer kled: unknown ones are warned about.
    """
    caller = _caller.get()
    if caller is not None:
        return caller.settings
    unknown = config.unknown_variables(os.environ)
    if unknown:
        logger.warning("unknown variables are ignored: %s", ", ".join(unknown))
    return config.load({name: value for name, value in os.environ.items() if name not in unknown})


def rules() -> Rules:
    """Return the rules of this run: a deployment brings along whom to ask about a plan.

    Raises `NotApproved` where a deployment's run has no rules about that, or two that differ.
    """
    chosen = settings()
    if _caller.get() is not None or deployment.id is None:
        return chosen.rules
    value = chosen.environment.get(carried_rules.VARIABLE)
    approval = carried_rules.in_force(chosen.rules.approval, value)
    return replace(chosen.rules, approval=approval)


def carry_rules(own: Rules) -> Rules:
    """Return the worker's rules with the windows and notifications that this run brings along.

    Says once where they differ. Raises `NotApproved` where they were changed on the way.
    """
    if _caller.get() is not None or deployment.id is None:
        return own
    held = carried_times.in_force(own, os.environ.get(carried_times.VARIABLE))
    for remark in held.remarks:
        if remark not in _remarked:
            _remarked.add(remark)
            logger.warning("%s", remark)
    return held.rules


def require_agreement(plan: Plan) -> None:
    """Hold a plan that nobody was asked about against the rules, read when they are needed."""
    by_rules(rules())(plan)


@contextmanager
def session(
    use_case: UseCase,
    overrides: Overrides = NOTHING,
    on_share: Callable[[Share], None] = lambda _share: None,
    *,
    waiting: Waiting = unseen,
) -> Iterator[Session]:
    """Yield a session for `use_case`, with the lease of the place that it writes to.

    `on_share` is told how far a long step is; it is `waiting` that waits for another writer.

    Raises what `open_session` raises, and `RoomTaken` where a stranger's module shadows a room.
    """
    from kled import rooms  # noqa: PLC0415 - the first thing a flow does, not an import

    rooms.check()
    chosen = settings()
    logs.install(redactor(chosen), displayed=is_displayed())
    shown, logged = watching(), logs.LoggedLines()

    def on_line(line: str) -> None:
        logged.kops(line)
        shown.line(line)

    def on_note(message: str) -> None:
        logged.note(message)
        shown.note(message)

    with (
        open_session(
            chosen,
            use_case.guards.place_of(use_case.cluster),
            who=who(),
            overrides=overrides,
            clock=Clock(time.monotonic, time.sleep),
            on_line=on_line,
            on_note=on_note,
            on_share=on_share,
            with_kops=use_case.guards.needs_kops,
            consent=require_agreement,
            waiting=waiting,
        ) as opened,
        ending.holding(opened.lease),
    ):
        shown.opened(opened)
        marks.mark_run(use_case, opened)
        yield opened


def complete(text: str) -> str:
    """Return `text` in which commands name the stores of this run.

    Who reads what a run leaves sits at a shell that nobody here knows.
    """
    return completed(text, stores_named())


def stores_named() -> Places:
    """Return the stores of this run, for the commands in what it leaves."""
    chosen = settings()
    return Places(chosen.state_store, chosen.snapshot_store, protected=chosen.protected)


def redactor_of_variables() -> Redactor:
    """Return the redactor that knows the environment alone, where settings cannot be read."""
    return Redactor(secret_values(os.environ))


def redactor(chosen: config.Settings) -> Redactor:
    """Return a redactor that knows the secrets of the environment."""
    return Redactor(secret_values(chosen.environment))


def who() -> Who:
    """Return who holds the lease: the flow and its run, so that others can look it up."""
    owner = f"flow {flow_run.flow_name or 'unknown'}"
    return Who(owner, str(flow_run.id or f"process-{os.getpid()}"), LEASE_WAIT)


def kubeconfig(cluster: str) -> Path:
    """Return where a kubeconfig goes when nobody says where; its directory is made, mode 0700.

    Not a relative path: the working directory of a worker's run is removed at its end. Not the file
    that kubectl uses by default: exporting switches that file's current context.
    """
    directory = settings().home / "kubeconfigs"
    private.make_directory(directory)
    return directory / cluster
