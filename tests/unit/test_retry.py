from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import ClusterNotFound, DeadlineExceeded, Throttled
from kled.retry import Clock, Policy, call

POLICY = Policy(4, timedelta(seconds=1), 2, timedelta(seconds=3), 0.5, timedelta(seconds=60))


class Time:
    """Time that only passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep, lambda: 1.0)


class Step:
    """A step that fails with the given errors, one a call, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_a_retryable_error_is_tried_again_with_growing_jittered_delays() -> None:
    time, step = (
        Time(),
        Step(Throttled("slow down"), Throttled("slow down"), Throttled("slow down")),
    )

    assert call(step, POLICY, time.clock()) == "done"

    assert step.calls == 4
    assert time.slept == [1.5, 3.0, 4.5]


def test_a_permanent_error_is_tried_once() -> None:
    step = Step(ClusterNotFound("gone"))

    with pytest.raises(ClusterNotFound):
        call(step, POLICY, Time().clock())

    assert step.calls == 1


def test_a_bug_is_tried_once() -> None:
    step = Step(KeyError("bug"))

    with pytest.raises(KeyError):
        call(step, POLICY, Time().clock())

    assert step.calls == 1


def test_the_last_error_is_raised_when_the_attempts_are_used_up() -> None:
    step = Step(*(Throttled(str(n)) for n in range(9)))

    with pytest.raises(Throttled, match="3"):
        call(step, POLICY, Time().clock())

    assert step.calls == 4


def test_one_deadline_holds_over_all_attempts() -> None:
    time = Time()

    def step() -> str:
        time.now += 40
        raise Throttled("slow down", hint="wait")

    with pytest.raises(DeadlineExceeded, match="gave up after 1 minute: slow down") as failure:
        call(step, POLICY, time.clock())

    assert failure.value.hint == "wait"
    assert time.now == pytest.approx(100 + 2 * 40 + 1.5)


@given(
    st.integers(1, 20),
    st.floats(0, 100),
    st.floats(1, 4),
    st.floats(0, 100),
)
def test_delays_are_one_fewer_than_attempts_never_shrink_and_stay_bounded(
    attempts: int, first: float, factor: float, longest: float
) -> None:
    policy = Policy(
        attempts, timedelta(seconds=first), factor, timedelta(seconds=longest), 0, timedelta(1)
    )

    delays = policy.delays()

    assert len(delays) == attempts - 1
    assert list(delays) == sorted(delays)
    assert all(delay <= policy.longest_delay.total_seconds() for delay in delays)
