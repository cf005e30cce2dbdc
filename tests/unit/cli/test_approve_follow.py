"""`kled approve RUN --follow`: the run's steps after the answer, and its exit code."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.states import Completed, Failed, Paused, Running

from kled import config
from kled.cli.flows import approve
from kled.cli.frame import interruption
from kled.cli.frame.command import Call
from kled.errors import InvalidInput, NotApproved
from kled.retry import Clock
from tests.unit.cli.test_flow_following import RUN, Server, Time, line, run


class Runs(Server):
    """A server whose run ends as it is told once it has its answer."""

    def read_artifacts(self, **_wanted: Any) -> list[Any]:
        return []


@pytest.fixture
def asked(tmp_path: Path) -> Call:
    time = Time()
    call = Call(config.load({"HOME": str(tmp_path)}), verbose=False)
    call.clock = Clock(lambda: time.now, time.sleep)
    return call


def follow(call: Call, server: Runs, answer: Callable[[], str] = lambda: "approved") -> int:
    return approve.answer_and_follow(call, server, RUN, answer)  # type: ignore[arg-type]


def test_only_what_comes_after_the_answer_is_said_and_the_code_is_the_runs(
    asked: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Runs((run(Running()), line("update cluster ...", 5)), (run(Completed()),))
    server.lines = [line("it waits for an approval", 1)]

    assert follow(asked, server) == 0
    assert capsys.readouterr().err.splitlines() == [
        "approved",
        "  update cluster ...",
        "state: Running",
        "state: Completed",
    ]


@pytest.mark.parametrize(
    ("message", "code"),
    [("LeaseHeld: held by ada", 5), ("NotApproved: rejected (hint: no)", 6), ("a bug", 1)],
)
def test_a_run_that_fails_fails_the_command_likewise(asked: Call, message: str, code: int) -> None:
    assert follow(asked, Runs((run(Failed(message=message)),))) == code


def test_a_run_that_asks_again_says_how_it_is_answered(
    asked: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(asked, Runs((run(Paused()),), (run(Completed()),)))

    assert f"state: Paused; to answer: kled approve {RUN}" in capsys.readouterr().err


def test_ctrl_c_leaves_the_run_alone_and_says_so(asked: Call) -> None:
    with pytest.raises(KeyboardInterrupt) as interrupted:
        follow(asked, Runs(KeyboardInterrupt()))

    assert interruption.notes(interrupted.value) == [
        f"the flow run goes on; to cancel it: prefect flow-run cancel {RUN}",
        f"it has its answer; to see how it goes: prefect flow-run logs {RUN}",
    ]


def test_an_answer_that_is_refused_is_not_followed(asked: Call) -> None:
    def refuse() -> str:
        raise NotApproved("another plan")

    with pytest.raises(NotApproved):
        follow(asked, Runs(AssertionError("it was followed")), refuse)


def test_following_needs_a_run() -> None:
    command: Any = inspect.unwrap(approve.approve.callback)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="is for one run"):
        command(None, None, None, None, reject=False, reason=None, follow=True)
