"""Which snapshots retention keeps, whatever their times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import InvalidInput
from kled.snapshot.retention.retention import GRACE, Candidate, RetentionPolicy, keep

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OLD_UNTIL = NOW - GRACE

ages = st.lists(st.integers(0, 3 * 365 * 24 * 60), unique=True, max_size=60)
policies = st.builds(
    RetentionPolicy,
    last=st.integers(1, 5),
    hourly=st.integers(0, 30),
    daily=st.integers(0, 10),
    weekly=st.integers(0, 6),
    monthly=st.integers(0, 14),
    yearly=st.integers(0, 4),
)


def candidates(minutes: list[int]) -> list[Candidate]:
    return [
        Candidate(
            (NOW - timedelta(minutes=one)).strftime("%Y%m%dT%H%M%SZ") + "-00000000",
            NOW - timedelta(minutes=one),
            trusted=one % 3 != 0,
        )
        for one in minutes
    ]


@given(ages, policies)
@settings(max_examples=200, deadline=None)
def test_the_newest_trusted_one_and_the_last_ones_always_stay(
    minutes: list[int], policy: RetentionPolicy
) -> None:
    found = candidates(minutes)

    kept = keep(found, policy, OLD_UNTIL)

    newest = sorted(found, key=lambda one: one.id, reverse=True)
    assert {one.id for one in newest[: policy.last]} <= kept.keys()
    trusted = [one.id for one in newest if one.trusted]
    assert not trusted or trusted[0] in kept


@given(ages, policies)
@settings(max_examples=200, deadline=None)
def test_pruning_twice_is_pruning_once(minutes: list[int], policy: RetentionPolicy) -> None:
    found = candidates(minutes)
    kept = keep(found, policy, OLD_UNTIL)

    again = keep([one for one in found if one.id in kept], policy, OLD_UNTIL)

    assert again.keys() == kept.keys()


@given(ages, policies)
@settings(max_examples=200, deadline=None)
def test_no_more_is_kept_than_the_numbers_say(minutes: list[int], policy: RetentionPolicy) -> None:
    kept = keep(candidates(minutes), policy, NOW)
    numbers = (
        policy.last,
        policy.hourly,
        policy.daily,
        policy.weekly,
        policy.monthly,
        policy.yearly,
    )

    assert len(kept) <= sum(numbers) + 1


def test_a_policy_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="last"):
        RetentionPolicy(last=0)
    with pytest.raises(InvalidInput, match="daily"):
        RetentionPolicy(daily=-1)
