"""Ends a run that is over for its server: cancelled, believed dead, or begun again elsewhere.

Prefect leaves this to the worker that started the run. A worker that was killed, or that lost the
server for a while, never does it, and a run that `kled run` started has none: such a run would be
"Cancelling" for ever, with kops at work and the lease held. So every run asks for its own state.
"""

import functools
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Abort
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelled

logger = logging.getLogger("kled.ending")

EVERY: Final = 15.0
"""Seconds between two looks."""
GRACE: Final = 30.0
"""Seconds for the run to end once its main thread was told."""
_ANSWER: Final = {"timeout": 10.0}
"""A look that takes longer is a failed one."""
_FINAL: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_BEFORE: Final = frozenset({"SCHEDULED", "PENDING"})


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as its server has it."""

    kind: str
    """The type of its state, for example `RUNNING`."""
    process: str | None
    """What a worker started for it last; other than its count of runs, which a pause that was
    answered raises, too, it changes with a new attempt alone."""
    by_worker: bool
    """Whether a worker started it, which would end it, too."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """That a run is over."""

    kind: Literal["cancelled", "over"]
    """`cancelled`: this process still has to say that it ended; `over`: it has no say any more."""
    message: str
    looks: int = 1
    """How many looks in a row must say so."""


def judge(sight: RunView, process: str | None) -> Verdict | None:
    """Return whether the run that was started as `process` is over; None: it goes on.

    A worker that is well gets the time between two looks to end a cancelled run by itself: a second
    signal would disturb the first one's clean-up.
    """
    if sight.process != process or sight.kind in _BEFORE:
        return Verdict("over", "this run was begun again, so its earlier attempt ends", looks=2)
    if sight.kind == "CANCELLING":
        why = "the run was cancelled; it ends itself, since no worker has ended it"
        return Verdict("cancelled", why, looks=2 if sight.by_worker else 1)
    if sight.kind in _FINAL:
        return Verdict("over", f"the server has this run as {sight.kind.lower()}, so it ends")
    return None


class AbandonableLease(Protocol):
    """As much of a lease as is needed here."""

    def abandon(self, why: str) -> None:
        """End what runs under it, and keep it no longer."""


class Attendance:
    """Looks after one run, from a thread of its own, for the body of a `with` statement.

    `look` returns the run as its server has it; whatever it raises means nothing, and without one
    nothing is attended. `tell` makes the main thread raise `TerminationSignal`. It is called once,
    and never after the body; where the body does not end within `grace` seconds of it, the leases
    of the run are abandoned.
    """

    def __init__(
        self,
        look: Callable[[], RunView] | None,
        tell: Callable[[], None],
        *,
        every: float = EVERY,
        grace: float = GRACE,
    ) -> None:
        self.verdict: Verdict | None = None
        """Why the main thread was told to end; None: it was not."""
        self._look, self._tell = look, tell
        self._every, self._grace = every, grace
        self._leases: list[AbandonableLease] = []
        self._ended = threading.Event()
        self._telling = threading.Lock()

    def __enter__(self) -> "Attendance":
        """Begin to look."""
        self._token = _attending.set(self)
        if self._look is not None:
            context = copy_context()  # Prefect's settings and the run, for its log, are in it
            watch = functools.partial(context.run, self._attend, self._look)
            threading.Thread(target=watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End looking; a look that is under way changes nothing any more."""
        with self._telling:
            self._ended.set()
        _attending.reset(self._token)

    @contextmanager
    def holding(self, lease: AbandonableLease) -> Iterator[None]:
        """Abandon `lease` where the run must end and does not, during the block."""
        self._leases.append(lease)
        try:
            yield
        finally:
            self._leases.remove(lease)

    def concluded(self) -> State[None] | None:
        """Return the state that the run ends in because it was told to; None: it was not told.

        Raises `Abort`, which changes no state, where this process has no say any more.
        """
        if self.verdict is None:
            return None
        if self.verdict.kind == "over":
            raise Abort(self.verdict.message)
        return Cancelled(message=self.verdict.message)

    def _attend(self, look: Callable[[], RunView]) -> None:
        process: str | None = None
        in_a_row = 0
        while not self._ended.wait(self._every):
            sight = _answer(look)
            if sight is None:
                continue
            process = sight.process if process is None else process
            verdict = judge(sight, process)
            in_a_row = in_a_row + 1 if verdict else 0
            if verdict and in_a_row >= verdict.looks:
                return self._end(verdict)
        return None

    def _end(self, verdict: Verdict) -> None:
        with self._telling:
            if self._ended.is_set():
                return
            logger.warning("%s", verdict.message)
            self.verdict = verdict
            self._tell()
        if not self._ended.wait(self._grace):
            for lease in tuple(self._leases):
                lease.abandon(verdict.message)


_attending: ContextVar[Attendance | None] = ContextVar("kled-attending", default=None)
"""Blocks of one run follow and hold each other; the outermost attends, and each run has its own."""


def _answer(look: Callable[[], RunView]) -> RunView | None:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - a server that is away ends no run
        logger.debug("the run's state cannot be read: %s", type(error).__name__)
        return None


def attendance(*, every: float = EVERY, grace: float = GRACE) -> Attendance:
    """Return what attends the flow run of this thread.

    It looks at nothing where there is nobody to ask: outside of a run, and with a server that lives
    as long as this process.
    """
    run = flow_run.id
    asks = run is not None and PREFECT_API_URL.value() is not None
    look = functools.partial(_seen, UUID(str(run))) if asks else None
    return Attendance(look, _signal, every=every, grace=grace)


@contextmanager
def attend() -> Iterator[None]:
    """Attend the run during the block, unless it is attended already."""
    if _attending.get() is not None:
        yield
    else:
        with attendance():
            yield


@contextmanager
def holding(lease: AbandonableLease | None) -> Iterator[None]:
    """Let the attendance of this run abandon `lease` where it must; nothing where there is none."""
    attending = _attending.get()
    if attending is None or lease is None:
        yield
    else:
        with attending.holding(lease):
            yield


def _seen(run: UUID) -> RunView:
    """Ask the server, through a client of this thread alone."""
    with get_client(httpx_settings=dict(_ANSWER), sync_client=True) as client:
        return sight_of(client.read_flow_run(run))


def sight_of(run: FlowRun) -> RunView:
    """Return what a run says of its life."""
    kind = run.state_type.value if run.state_type else "RUNNING"
    return RunView(kind, run.infrastructure_pid, run.deployment_id is not None)


def _signal() -> None:
    """Interrupt the main thread, also where it waits: Prefect raises `TerminationSignal` there.

    Nothing where nobody handles the signal, as with a flow in another thread: it would end the
    whole process.
    """
    main = threading.main_thread().ident
    if main is not None and callable(signal.getsignal(signal.SIGTERM)):
        signal.pthread_kill(main, signal.SIGTERM)
