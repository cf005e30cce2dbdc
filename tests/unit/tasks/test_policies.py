"""The core's retry policies mean the same in Prefect."""

from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.states import Failed

from kled.errors import ClusterNotFound, ClusterNotReady, DeadlineExceeded, KledError
from kled.operations.runner import Silent
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE, ONCE, PATIENCE, READ, Clock, Policy
from tasks.running.policies import Attempts, delays, only_transient, options


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Bare:
    """As much of a session as attempts need."""

    def __init__(self, time: Time) -> None:
        self.clock = Clock(lambda: time.now, time.sleep)

    def check(self) -> None:
        """No lease."""


def failing(error: KledError, policy: Policy) -> Step:
    def act(_session: Session) -> str:
        raise error

    return Step("try", act, policy)


def attempts(step: Step, time: Time) -> Attempts:
    return Attempts(step, cast("Session", Bare(time)), Silent())


@pytest.mark.parametrize("policy", [ONCE, READ, CHANGE, PATIENCE])
def test_prefect_gets_every_attempt_and_never_more_delays_than_it_takes(policy: Policy) -> None:
    found = options(Step("try", lambda _session: "", policy))

    assert found["retries"] + 1 == policy.attempts
    assert len(found["retry_delay_seconds"]) <= 50


@given(st.integers(1, 300), st.floats(0.01, 20), st.floats(1, 3), st.floats(0.01, 60))
def test_the_shortened_delays_repeat_to_the_policys_own(
    number: int, first: float, factor: float, longest: float
) -> None:
    policy = Policy(
        number,
        timedelta(seconds=first),
        factor,
        timedelta(seconds=longest),
        0.2,
        timedelta(hours=1),
    )

    short = delays(policy)

    assert [short[min(n, len(short) - 1)] for n in range(number - 1)] == list(policy.delays())


def test_prefects_own_time_out_comes_after_the_deadline() -> None:
    found = options(Step("try", lambda _session: "", READ))

    assert found["timeout_seconds"] == READ.deadline.total_seconds() + 120


def test_nothing_is_cached_kept_or_printed() -> None:
    found = options(Step("try", lambda _session: "", READ))

    assert (found["persist_result"], found["log_prints"]) == (False, False)
    assert found["cache_policy"].compute_key(None, {}, {}) is None


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ClusterNotReady("not yet"), True),
        (ClusterNotFound("gone"), False),
        (ValueError("a bug"), False),
    ],
)
def test_only_what_a_second_attempt_may_cure_is_tried_again(error: Exception, again: bool) -> None:
    unused = cast("Any", None)

    assert only_transient(unused, unused, Failed(data=error)) is again


def test_the_deadline_is_one_over_all_attempts() -> None:
    time = Time()
    policy = Policy(
        100, timedelta(seconds=10), 1, timedelta(seconds=10), 0.2, timedelta(seconds=60)
    )
    tries = attempts(failing(ClusterNotReady("not yet", hint="wait"), policy), time)

    with pytest.raises(DeadlineExceeded, match="gave up after 1 minute: not yet") as caught:
        while True:
            try:
                tries.make()
            except ClusterNotReady:
                time.sleep(12)  # the longest that a delay of 10 s and a fifth may take

    assert caught.value.hint == "wait"
    assert (tries.count, tries.seconds) == (5, 48)


def test_the_last_attempts_error_is_its_own() -> None:
    time = Time()
    policy = Policy(2, timedelta(seconds=10), 1, timedelta(seconds=10), 0, timedelta(seconds=11))
    tries = attempts(failing(ClusterNotReady("not yet"), policy), time)

    with pytest.raises(ClusterNotReady):
        tries.make()
    time.sleep(10)
    with pytest.raises(ClusterNotReady):
        tries.make()


def test_a_permanent_error_is_passed_on_at_once() -> None:
    tries = attempts(failing(ClusterNotFound("gone"), READ), Time())

    with pytest.raises(ClusterNotFound):
        tries.make()
