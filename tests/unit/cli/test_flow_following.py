"""Following a flow run, with a server that remembers what it is asked."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.schemas.objects import FlowRun, Log
from prefect.states import Completed, Failed, Paused, Pending, Running, Scheduled

from kled import config
from kled.cli.flows import following
from kled.cli.frame.command import Call
from kled.retry import Clock

BEGIN = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
RUN = uuid4()


class Time:
    """A clock whose sleeps take no time."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Server:
    """Answers each look at the run with the next of `looks`; has the lines sent until then."""

    def __init__(self, *looks: Any) -> None:
        self.looks = list(looks)
        self.lines: list[Log] = []

    def read_flow_run(self, run_id: UUID) -> FlowRun:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, BaseException):
            raise look
        run: FlowRun = look[0]
        self.lines += look[1:]
        return run

    def read_logs(self, log_filter: Any, limit: int, offset: int, sort: Any) -> list[Log]:
        after = log_filter.timestamp.after_ if log_filter.timestamp else BEGIN
        found = [one for one in self.lines if one.timestamp >= after]
        return sorted(found, key=lambda one: one.timestamp)[offset : offset + limit]


def line(words: str, second: float, name: str = "kled.steps", level: int = logging.INFO) -> Log:
    return Log(
        id=uuid4(),
        name=name,
        level=level,
        message=words,
        timestamp=BEGIN + timedelta(seconds=second),
        flow_run_id=RUN,
    )


def run(state: Any, *, started: bool = True) -> FlowRun:
    return FlowRun(
        id=RUN,
        flow_id=uuid4(),
        state=state,
        state_name=state.name,
        start_time=BEGIN if started else None,
        work_pool_name="blue",
    )


@pytest.fixture
def follow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[FlowRun, list[str]]]:
    """Follow a run of `server`; return it and what was said."""

    def act(server: Server, *, verbose: bool = False) -> tuple[FlowRun, list[str]]:
        time = Time()
        call = Call(config.load({"HOME": str(tmp_path)}), verbose=verbose)
        call.clock = Clock(lambda: time.now, time.sleep)
        lines = following.FollowedLines(call, server, RUN)  # type: ignore[arg-type]
        ended = following.follow(call, server, lines)  # type: ignore[arg-type]
        return ended, capsys.readouterr().err.splitlines()

    return act


Follow = Callable[..., tuple[FlowRun, list[str]]]


def test_states_and_lines_are_said_once_and_lines_that_come_late_are_not_lost(
    follow: Follow,
) -> None:
    server = Server(
        (run(Pending(), started=False),),
        (run(Running()), line("second", 5)),
        (run(Running()), line("first, sent late", 1), line("third", 6)),
        (run(Completed()), line("fourth", 9)),
    )

    ended, said = follow(server)

    assert ended.state_name == "Completed"
    assert said == [
        "state: Pending",
        "  second",
        "state: Running",
        "  first, sent late",
        "  third",
        "  fourth",
        "state: Completed",
    ]


def test_a_run_that_waits_for_a_person_says_how_it_is_answered(follow: Follow) -> None:
    # fault 32, though no line of the run has come yet
    _, said = follow(Server((run(Paused()),), (run(Running()),), (run(Completed()),)))

    assert said[0] == f"state: Paused; to answer: kled approve {RUN}"
    assert said[1:] == ["state: Running", "state: Completed"]


def test_more_lines_than_one_page_are_all_said(follow: Follow) -> None:
    many = [line(f"line {number}", number) for number in range(450)]

    _, said = follow(Server((run(Running()), *many), (run(Completed()),)))

    assert [one.strip() for one in said if "line" in one] == [one.message for one in many]


def test_a_server_that_is_away_for_a_while_is_waited_for(follow: Follow) -> None:
    away = httpx.ConnectError("connection refused")

    ended, said = follow(Server((run(Running()),), away, away, away, (run(Completed()),)))

    assert ended.state_name == "Completed"
    assert said == [
        "state: Running",
        "the Prefect server does not answer (connection refused); asking again",
        "state: Completed",
    ]


def test_a_server_that_stays_away_is_given_up(follow: Follow) -> None:
    with pytest.raises(httpx.ConnectError):
        follow(Server(httpx.ConnectError("connection refused")))


def test_a_run_that_nobody_takes_says_which_worker_is_missing(follow: Follow) -> None:
    waiting = [(run(Scheduled(), started=False),)] * 40

    _, said = follow(Server(*waiting, (run(Completed()),)))

    assert said.count("no worker has taken it: prefect worker start --pool=blue") == 1


@pytest.mark.parametrize(
    ("name", "level", "quiet"),
    [
        ("kled.steps", logging.INFO, True),
        ("kled.kops.output", logging.INFO, False),
        ("kled.kops.output", logging.WARNING, True),  # fault 59
        ("prefect.flow_runs", logging.INFO, False),
        ("prefect.flow_runs.runner", logging.ERROR, True),
        ("prefect.task_runs", logging.ERROR, False),
    ],
)
def test_only_lines_for_a_person_are_said(name: str, level: int, quiet: bool) -> None:
    assert following.is_shown(name, level, verbose=False) is quiet
    assert following.is_shown(name, level, verbose=True)


def test_a_failed_run_says_why_once_and_what_kops_warned_of(follow: Follow) -> None:
    # fault 59: the message stood in the step's line, in Prefect's, and in the command's own
    failed = "Finished in state Failed('KledError: it is not healthy')"
    kops = "W1130 03:21:44.056988       1 executor.go:152] error running task"
    server = Server(
        (run(Running()), line(kops, 1, "kled.kops.output", logging.WARNING)),
        (run(Failed()), line(failed, 2, "prefect.flow_runs", logging.ERROR)),
    )

    _, said = follow(server)
    _, all_of_it = follow(server, verbose=True)

    assert said == ["  kops: error running task", "state: Running", "state: Failed"]
    assert f"  kops: {kops}" in all_of_it
    assert f"  {failed}" in all_of_it
