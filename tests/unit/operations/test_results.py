"""What an operation makes is its report's result, also where it shows that something is wrong."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from kled.errors import SnapshotNotTrustworthy, StoreUnavailable
from kled.operations.guards.guards import READS
from kled.operations.runner import run, run_to_end
from kled.operations.session import Session
from kled.operations.step import Step, planning_step, step_with_result
from kled.retry import ONCE
from tests.unit.operations.looking import Watched


@dataclass(frozen=True)
class Count:
    """Count things, of which more than `most` are too many."""

    things: int
    most: int = 3
    last: tuple[Step[int], ...] = ()

    name = "count"
    cluster = "c.example.com"
    guards = READS

    def steps(self) -> tuple[Step[int], ...]:
        def act(_: Session) -> tuple[int, str]:
            if self.things < 0:
                raise StoreUnavailable("there is nothing to count")
            return self.things, f"{self.things} counted"

        def require(number: int) -> None:
            if number > self.most:
                raise SnapshotNotTrustworthy(f"{number} are too many")

        return (step_with_result("count", act, ONCE, require=require), *self.last)


def test_the_value_of_a_step_is_the_result_of_the_report(tmp_path: Path) -> None:
    report = run(Count(3), Watched(tmp_path).session())

    assert (report.result, report.error) == (3, None)
    assert [row.words for row in report.rows] == ["3 counted"]


def test_what_shows_that_something_is_wrong_is_told_with_the_error(tmp_path: Path) -> None:
    report = run_to_end(Count(4), Watched(tmp_path).session())

    assert report.result == 4
    with pytest.raises(SnapshotNotTrustworthy, match="4 are too many"):
        report.require()
    with pytest.raises(SnapshotNotTrustworthy):
        run(Count(4), Watched(tmp_path).session())


def test_a_step_that_failed_before_it_saw_anything_made_nothing(tmp_path: Path) -> None:
    report = run_to_end(Count(-1), Watched(tmp_path).session())

    assert report.result is None
    assert isinstance(report.error, StoreUnavailable)


def test_of_several_steps_the_last_that_makes_a_value_makes_the_result(tmp_path: Path) -> None:
    told: Step[int] = Step("say it", lambda _: "said")

    def later() -> Step[int]:
        return planning_step("count again", lambda _: (2, "2 counted"))

    assert run(Count(1, last=(told,)), Watched(tmp_path).session()).result == 1
    assert run(Count(1, last=(later(), told)), Watched(tmp_path).session()).result == 2
    report = run_to_end(Count(4, last=(later(),)), Watched(tmp_path).session())
    assert report.result is None, "the step that makes the result was not reached"
