"""How each method of the interface runs: its session, its operation, and how its errors leave.

A call is what a command is: it opens its own stores, session and lease, and closes them. Nothing is
shared between two calls but the settings, which do not change.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from kled.api.observing import Observer, ToldSteps
from kled.commands import Places, completed
from kled.config import Settings
from kled.errors import InvalidInput, KledError, KopsError
from kled.models.plan import Plan, is_digest
from kled.operations import stores as opened
from kled.operations.acting import acting
from kled.operations.guards import windows
from kled.operations.guards.guards import LeasePlace
from kled.operations.guards.overrides import Overrides
from kled.operations.records.approved_plan import Approved
from kled.operations.runner import Report, run_to_end
from kled.operations.session import Session, open_session
from kled.operations.step import Operation
from kled.operations.stores import Stores
from kled.redact import Redactor, secret_values
from kled.retry import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Calls:
    """What all nouns of one `Kled` work with."""

    settings: Settings = field(repr=False)
    overrides: Overrides
    owner: str | None
    observer: Observer

    @property
    def steps(self) -> ToldSteps:
        """What a runner tells of the steps that it executes."""
        return ToldSteps(self.observer)

    @contextmanager
    def session(self, *, with_kops: bool = True, asks_again: bool = True) -> Iterator[Session]:
        """Yield a session that only looks."""
        with (
            self._leaving(),
            self._opened(None, with_kops=with_kops, asks_again=asks_again) as session,
        ):
            yield session

    @contextmanager
    def stores(self) -> Iterator[Stores]:
        """Yield the stores, for reads that need neither kops nor a lease."""
        with self._leaving():
            yield Stores(self.settings, _clock())

    def run(self, operation: Operation[T]) -> Report[T]:
        """Run an operation under all that its guards ask for; raises what its steps raise."""
        return self.run_to_end(operation).require()

    def run_to_end(self, operation: Operation[T]) -> Report[T | None]:
        """Do as `run` does, and return the report also where it fails: with its error."""
        report: Report[T | None] = Report(operation.name, operation.cluster, ())
        try:
            with self._leaving():
                report = self._run_under_guards(operation)
                report.require()
        except KledError as error:
            return replace(report, error=error)
        return report

    def _run_under_guards(self, operation: Operation[T]) -> Report[T | None]:
        guards = operation.guards
        windows.require_open_for(operation, self.settings, self.overrides, opened.now())
        kept = self.settings.snapshot_store and guards.snapshot != "none"
        if kept and self.overrides.no_snapshot:
            self.observer.noted("NO SNAPSHOT is taken: nothing leads back from this")
        place = guards.place_of(operation.cluster)
        with self._opened(place, with_kops=guards.needs_kops, asks_again=False) as session:
            return run_to_end(operation, session, self.steps)

    @contextmanager
    def _opened(
        self, place: LeasePlace | None, *, with_kops: bool, asks_again: bool
    ) -> Iterator[Session]:
        with open_session(
            self.settings,
            place,
            who=acting(self.settings, "python", self.owner),
            overrides=self.overrides,
            clock=_clock(),
            on_line=self.observer.said,
            on_note=self.observer.noted,
            with_kops=with_kops,
            asks_again=asks_again,
        ) as session:
            yield session

    def told(self, error: KledError | None) -> KledError | None:
        """Take secrets out of an error's words, and let the commands in its hint name the stores.

        Whoever logs it sits at a shell that nobody here knows. Idempotent.
        """
        if error is None:
            return None
        redact = Redactor(secret_values(self.settings.environment)).text
        error.with_message(redact(error.message))
        if error.hint is not None:
            mine = self.settings
            places = Places(mine.state_store, mine.snapshot_store, protected=mine.protected)
            error.with_hint(completed(redact(error.hint), places))
        if isinstance(error, KopsError):
            error.stderr = redact(error.stderr)
        return error

    def shown(self, plan: Plan) -> Plan:
        """Return a plan whose refusal is told as an error that is raised."""
        self.told(plan.refusal)
        return plan

    @contextmanager
    def _leaving(self) -> Iterator[None]:
        """Let no error leave but as it is told."""
        try:
            yield
        except KledError as error:
            self.told(error)
            raise


def approved(digest: str | None) -> Approved | None:
    """Return what a digest approves; None: whatever the plan is by then.

    Raises `InvalidInput` for what is no digest: an empty one would approve every plan.
    """
    return None if digest is None else Approved(checked(digest))


def checked(digest: str) -> str:
    """Return a plan's digest, or its first 12 digits at least; else raise `InvalidInput`."""
    if not is_digest(digest):
        raise InvalidInput("digest", f"{digest!r} is not 12 to 64 hexadecimal digits")
    return digest


def _clock() -> Clock:
    return Clock(time.monotonic, time.sleep)
