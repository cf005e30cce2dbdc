"""A run that is over for its server ends, although no worker ends it. Fault 42."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from uuid import uuid4

import httpx
import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Abort, TerminationSignal
from prefect.states import Running

from tasks.running.ending import Attendance, RunView, holding, judge, sight_of

QUICK = 0.01
RUNNING = RunView("RUNNING", "host:1", by_worker=True)
CANCELLING = RunView("CANCELLING", "host:1", by_worker=True)


class Server:
    """Says what it is given, one after the other, the last for ever; an exception is raised."""

    def __init__(self, *answers: RunView | Exception) -> None:
        self._answers = chain(answers, repeat(answers[-1]))
        self.asked = 0

    def __call__(self) -> RunView:
        self.asked += 1
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Kept:
    """A lease that remembers why it was abandoned."""

    def __init__(self) -> None:
        self.why: list[str] = []

    def abandon(self, why: str) -> None:
        self.why.append(why)


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Yield what makes this thread raise, as Prefect's handler does."""

    def end(number: int, _frame: object) -> None:
        raise TerminationSignal(number)

    before = signal.signal(signal.SIGTERM, end)
    main = threading.get_ident()
    try:
        yield lambda: signal.pthread_kill(main, signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def until(true: Callable[[], object]) -> None:
    give_up = time.monotonic() + 10
    while not true():
        assert time.monotonic() < give_up
        time.sleep(QUICK)


def test_a_cancelled_run_is_ended_at_the_second_look_so_that_its_worker_comes_first() -> None:
    server = Server(RUNNING, CANCELLING)

    with interruptible() as tell, pytest.raises(TerminationSignal):  # noqa: SIM117
        with Attendance(server, tell, every=QUICK) as attendance:
            time.sleep(10)

    assert server.asked == 3
    ended = attendance.concluded()
    assert ended is not None
    assert ended.is_cancelled()
    assert "no worker has ended it" in str(ended.message)


def test_a_run_without_a_worker_is_ended_at_the_first_look() -> None:
    server = Server(RUNNING, RunView("CANCELLING", "host:1", by_worker=False))

    with interruptible() as tell, pytest.raises(TerminationSignal):  # noqa: SIM117
        with Attendance(server, tell, every=QUICK):
            time.sleep(10)

    assert server.asked == 2


def test_a_server_that_was_away_for_a_while_is_asked_again_and_its_cancellation_is_heard() -> None:
    away = httpx.ConnectError("nobody listens"), httpx.ReadTimeout("too late"), ValueError("<html>")
    server = Server(RUNNING, *away * 5, CANCELLING)

    with interruptible() as tell, pytest.raises(TerminationSignal):  # noqa: SIM117
        with Attendance(server, tell, every=QUICK):
            time.sleep(10)

    assert server.asked == 18


def test_a_server_that_stays_away_ends_no_run() -> None:
    server = Server(httpx.ConnectError("nobody listens"))
    told: list[bool] = []

    with Attendance(server, lambda: told.append(True), every=QUICK) as attendance:
        until(lambda: server.asked > 20)

    assert told == []
    assert attendance.concluded() is None


@pytest.mark.parametrize("kind", ["CRASHED", "CANCELLED", "FAILED", "COMPLETED"])
def test_a_run_that_is_final_for_its_server_ends_and_changes_no_state(kind: str) -> None:
    with interruptible() as tell, pytest.raises(TerminationSignal):  # noqa: SIM117
        with Attendance(
            Server(RUNNING, RunView(kind, "host:1", True)), tell, every=QUICK
        ) as attendance:
            time.sleep(10)

    with pytest.raises(Abort, match=f"the server has this run as {kind.lower()}"):
        attendance.concluded()


@pytest.mark.parametrize(
    "anew",
    [
        RunView("RUNNING", "host:2", True),
        RunView("PENDING", "host:1", True),
        RunView("SCHEDULED", "host:1", True),
    ],
)
def test_an_attempt_ends_that_another_one_has_replaced(anew: RunView) -> None:
    # a member of fault 42: crashed in the eyes of the server, then tried again elsewhere
    server = Server(RUNNING, anew)

    with interruptible() as tell, pytest.raises(TerminationSignal):  # noqa: SIM117
        with Attendance(server, tell, every=QUICK) as attendance:
            time.sleep(10)

    assert server.asked == 3
    with pytest.raises(Abort, match="begun again"):
        attendance.concluded()


@pytest.mark.parametrize("kind", ["RUNNING", "PAUSED"])
def test_a_run_that_runs_or_waits_for_an_answer_goes_on(kind: str) -> None:
    assert judge(RunView(kind, "host:1", by_worker=True), "host:1") is None


def test_a_run_whose_pause_was_answered_goes_on_although_prefect_counts_it_as_begun_again() -> None:
    begun = FlowRun(flow_id=uuid4(), state=Running(), run_count=1, infrastructure_pid="host:1")
    answered = begun.model_copy(update={"run_count": 2})

    assert judge(sight_of(answered), sight_of(begun).process) is None


def test_a_process_that_its_worker_names_late_is_the_same_one() -> None:
    unnamed = RunView("RUNNING", None, by_worker=True)
    server = Server(unnamed, RUNNING)
    told: list[bool] = []

    with Attendance(server, lambda: told.append(True), every=QUICK) as attendance:
        until(lambda: server.asked > 6)

    assert told == []
    assert attendance.verdict is None


def test_a_main_thread_that_does_not_end_in_time_loses_its_leases() -> None:
    lease, given_back = Kept(), Kept()

    with Attendance(Server(CANCELLING), lambda: None, every=QUICK, grace=QUICK) as attendance:
        with holding(given_back):
            pass
        with holding(lease):
            until(lambda: lease.why)

    assert given_back.why == []
    assert attendance.verdict is not None
    assert lease.why == [attendance.verdict.message]


def test_a_run_that_ends_by_itself_is_told_nothing() -> None:
    told: list[bool] = []
    begun, answer = threading.Event(), threading.Event()

    def slow() -> RunView:
        begun.set()
        answer.wait(10)
        return RunView("CRASHED", "host:1", by_worker=True)

    with Attendance(slow, lambda: told.append(True), every=QUICK) as attendance:
        begun.wait(10)
    answer.set()
    time.sleep(5 * QUICK)

    assert told == []
    assert attendance.concluded() is None
