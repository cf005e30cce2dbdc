"""Blocks: what the tasks of one change share - session, lease, guards, and what is told of it.

    with changing("c.example.com"):
        update_cluster("c.example.com")
        our_helm_release("c.example.com")       # a task of anybody's
        validate_cluster("c.example.com")

Whoever thinks, plans or asks stays outside: nobody holds a lease while a person decides.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from prefect.runtime import flow_run

from kled.errors import KledError, SettingsError
from kled.models.agreement import Agreement
from kled.operations.guards.before_change import Protection
from kled.operations.guards.guards import APPLIES, READS, Guards, LeasePlace
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.runner import Report, Row, with_ended
from kled.operations.session import Session
from kled.operations.step import Step, UseCase
from tasks.running import (
    edge,
    ending,
    events,
    leases,
    logs,
    notifications,
    parts,
    progress,
    reports,
    resources,
    summary,
    windows,
)
from tasks.running.perform import perform_step
from tasks.running.results import Afterwards, Results, published
from tasks.running.watch import Watchers

logger = logging.getLogger("kled.flows")

ALL: Final = "all clusters"
"""What stands for the cluster where all are meant."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a block is about."""

    name: str
    """In the field's words, for reports and events: `update cluster`."""
    cluster: str
    guards: Guards
    spec: object = None
    """What a cluster is to become that is not there yet."""


class Block:
    """An open block. Its tasks are performed one after the other, in its own thread."""

    def __init__(
        self, use_case: UseCase, session: Session, watch: Watchers, results: Results
    ) -> None:
        self.use_case = use_case
        self.session = session
        self.results = results
        self._watch = watch
        self._protection = Protection(use_case, session)
        self._rows: list[Row] = []
        self._steps: list[Step] = []
        self._unprotected: KledError | None = None

    @property
    def place(self) -> LeasePlace | None:
        """Where the block writes; None: nowhere."""
        return self.use_case.guards.place_of(self.use_case.cluster)

    @property
    def report(self) -> Report:
        """What was done so far."""
        rows = with_ended(self._rows, self._steps)
        return Report(self.use_case.name, self.use_case.cluster, rows)

    def begin(self) -> None:
        """Perform what protects the cluster first of all."""
        self._perform(self._protection.first())

    def end(self) -> None:
        """Perform what protects the cluster when all else is done; raises as `perform` does."""
        self._require_protected()
        self._perform(self._protection.last())

    def perform(self, step: Step, *, run_name: str = "", description: str = "") -> str:
        """Perform a step and what protects the cluster from it; return what happened.

        Where such protection has failed, nothing is changed any more, whoever caught that error: it
        is raised again.
        """
        if not step.reads:
            self._require_protected()
        self._perform(self._protection.before(step))
        row = self._run(step, run_name, description)
        self._perform(self._protection.after(step))
        return row.words

    def _perform(self, steps: Sequence[Step]) -> None:
        for step in steps:
            try:
                self._run(step)
            except KledError as error:
                self._unprotected = error
                raise

    def _require_protected(self) -> None:
        if self._unprotected is not None:
            raise self._unprotected

    def _run(self, step: Step, run_name: str = "", description: str = "") -> Row:
        self._steps.append(step)
        row = perform_step(
            step, self.session, self._watch, run_name=run_name, description=description
        )
        self._rows.append(row)
        return row


class Done:
    """What a block with a summary leaves, when it has ended well."""

    def __init__(self, agreement: Agreement | None, then: Sequence[str]) -> None:
        self._agreement, self._then = agreement, then
        self._report: Report | None = None

    @property
    def outcome(self) -> edge.FlowOutcome:
        """The report as plain data, which a flow returns; raise inside of the block."""
        if self._report is None:
            raise SettingsError("the block is open: what it did is known when it has ended")
        return reports.document(self._report, self._agreement, then=self._then)

    def publish(self, report: Report, error: KledError | None = None) -> None:
        """Publish the summary; a server that does not take it changes nothing of how it ends."""
        self._report = report
        then = () if error else self._then
        try:
            summary.publish(report, self._agreement, then=then, error=error)
            reports.publish(reports.document(report, self._agreement, then=then, error=error))
        except Exception as problem:  # noqa: BLE001 - whatever the server or the settings do
            logger.warning("the summary could not be stored: %s", type(problem).__name__)


_open: ContextVar[Block | None] = ContextVar("kled-block", default=None)
"""Prefect calls the tasks of a flow, and hands nothing through; each run has its own."""


def current_block() -> Block | None:
    """Return the block that is open; None outside of any."""
    return _open.get()


def perform_in_block(step: Step) -> str:
    """Perform a step in the block that is open; return what happened."""
    block = current_block()
    if block is None:
        raise SettingsError(f"{step.name}: no block is open", hint="begin one: with changing(name)")
    return block.perform(step)


@contextmanager
def changing(  # noqa: PLR0913 - each is said by name
    cluster: str,
    guards: Guards = APPLIES,
    *,
    called: str = "",
    overrides: Overrides = NOTHING,
    agreement: Agreement | None = None,
    then: Sequence[str] = (),
    spec: object = None,
) -> Iterator[Done]:
    """Change `cluster` by the tasks of the block, in their order.

    It waits for a maintenance window and for another writer, and holds the lease until its end. The
    epoch is checked at its entry; the snapshot is taken before the first task that does not only
    read; what `guards` ask for afterwards is done at its clean exit: each is a task of its own. A
    summary is published, and people are told, however it ends. `agreement` says why what is done
    may be done, `then` lists what to type next, `called` is the change in the field's words, for
    both.

    Raises `KledError` of the task that failed, and anything of tasks that are not kled's. However
    it is left, cancellation included, kops is stopped and the lease released.
    """
    work = Work(_named(called), cluster, guards, spec)
    with ending.attend(), open_published(work, overrides, agreement, then, Results()) as done:
        yield done


@contextmanager
def reading(
    cluster: str,
    guards: Guards = READS,
    *,
    called: str = "",
    then: Sequence[str] = (),
    publish: Afterwards | None = None,
) -> Iterator[Done]:
    """Look at `cluster`, or at all, by the tasks of the block: one session, without a lease.

    `publish` is given what they found out when all is closed, also where a task has failed.
    """
    work = Work(_named(called), cluster, guards)
    with (
        published(publish) as results,
        ending.attend(),
        open_published(work, NOTHING, None, then, results) as done,
    ):
        yield done


def _named(called: str) -> str:
    return called or str(flow_run.flow_name or "chain of tasks").replace("-", " ")


@contextmanager
def open_published(
    use_case: UseCase,
    overrides: Overrides,
    agreement: Agreement | None,
    then: Sequence[str],
    results: Results,
) -> Iterator[Done]:
    """Open a block, publish its summary when it ends, and tell people that a change is done."""
    done = Done(agreement, then)
    place = use_case.guards.place_of(use_case.cluster)
    bars = progress.bars(use_case)
    watch = watch_steps(use_case, bars)
    raised: list[BaseException] = []
    try:
        if use_case.guards.windows and place is not None and not overrides.no_window:
            windows.wait_or_refuse(place.cluster)
        with open_block(use_case, overrides, bars, watch, results) as block:
            with _noting(raised):
                yield done
            block.end()
    except BaseException as error:
        if edge.is_control(error):  # cancelled: kops is stopped and the lease released by now
            done.publish(watch.report(), watch.interrupted())
            raise
        if error in raised:
            done.publish(watch.report(), edge.error_of_another(error))
            raise
        told = edge.foreseen_error(error, use_case.name)
        done.publish(watch.report(), told)
        raise edge.clean_error(told) from None
    done.publish(block.report)
    if place is not None:
        summary = "; ".join(f"{row.step}: {row.words}" for row in block.report.rows)
        title = f"{use_case.cluster}: {use_case.name} is done"
        notifications.notify("completion", title, summary)


@contextmanager
def _noting(raised: list[BaseException]) -> Iterator[None]:
    """Note an error that is none of kled: a task of somebody else raised it."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, KledError):
            raised.append(error)
        raise


def watch_steps(use_case: UseCase, bars: progress.Bars) -> Watchers:
    """Return what tells everybody of the steps."""
    announcer = events.Announcer(use_case)
    return Watchers(use_case, resources.watching(), announcer, logs.LoggedSteps(), bars)


@contextmanager
def open_block(
    use_case: UseCase, overrides: Overrides, bars: progress.Bars, watch: Watchers, results: Results
) -> Iterator[Block]:
    """Open a block and begin it; whoever goes through its steps ends it.

    Raises `SettingsError` within another block that writes, which may hold the very lease.
    """
    outer = current_block()
    if outer is not None and outer.place is not None:
        raise SettingsError(
            f"a block that changes {outer.use_case.cluster} is open",
            hint="end it before the next one begins: a run holds one lease at a time",
        )
    with (
        bars,
        resources.session(use_case, overrides, bars.tell, waiting=leases.wait) as session,
    ):
        session.part = parts.perform
        block = Block(use_case, session, watch, results)
        token = _open.set(block)
        try:
            block.begin()
            yield block
        finally:
            _open.reset(token)
