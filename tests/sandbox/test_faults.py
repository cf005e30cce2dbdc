"""Injected faults: written atomically, counted down, obeyed at the right moment."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kled.sandbox import faults
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.store.open_store import FileStore


class Hung(Exception):
    """The sleep that would never end."""


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def ctx(tmp_path: Path, slept: list[float]) -> Context:
    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 3:
            raise Hung

    return Context(
        env={},
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        sleep=sleep,
        sandbox=tmp_path,
        store=FileStore(tmp_path),
    )


def test_nothing_injected_lets_every_call_pass(ctx: Context) -> None:
    faults.strike(ctx, "get clusters")
    faults.reach_cloud(ctx, "us-east-1")

    assert faults.active(ctx.sandbox) == {}


def test_throttling_fails_as_many_calls_as_it_says_and_then_heals(ctx: Context) -> None:
    faults.inject(ctx.sandbox, "throttled", calls=2)

    for _ in range(2):
        with pytest.raises(KopsFailure, match="RequestLimitExceeded: Request limit exceeded"):
            faults.reach_cloud(ctx, "us-east-1")
    faults.reach_cloud(ctx, "us-east-1")

    assert faults.active(ctx.sandbox) == {}


def test_a_hanging_call_never_comes_back(ctx: Context, slept: list[float]) -> None:
    faults.inject(ctx.sandbox, "hang", calls=1)

    with pytest.raises(Hung):
        faults.reach_cloud(ctx, "us-east-1")
    slept.clear()

    faults.reach_cloud(ctx, "us-east-1")
    assert slept == []


@pytest.mark.parametrize("enter", [lambda c: faults.reach_cloud(c, "us-east-1")])
def test_a_fault_for_one_verb_spares_the_others(
    ctx: Context, enter: Callable[[Context], None]
) -> None:
    faults.inject(ctx.sandbox, "throttled", verb="get clusters")

    enter(ctx)
    faults.strike(ctx, "update cluster")

    with pytest.raises(KopsFailure):
        faults.strike(ctx, "get clusters")


def test_a_region_that_is_down_fails_and_the_others_answer(ctx: Context) -> None:
    faults.inject(ctx.sandbox, "region-down", region="eu-west-1")

    faults.reach_cloud(ctx, "us-east-1")

    with pytest.raises(KopsFailure, match=r"ec2\.eu-west-1\.amazonaws\.com .*no such host"):
        faults.reach_cloud(ctx, "eu-west-1")


def test_all_regions_are_down_where_none_is_named(ctx: Context) -> None:
    faults.inject(ctx.sandbox, "region-down")

    with pytest.raises(KopsFailure):
        faults.reach_cloud(ctx, "ap-south-1")


def test_flapping_fails_every_second_validation(tmp_path: Path) -> None:
    faults.inject(tmp_path, "flapping")

    assert [faults.flaps(tmp_path) for _ in range(5)] == [False, True, False, True, False]


def test_an_unknown_fault_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown fault 'earthquake'.*throttled"):
        faults.inject(tmp_path, "earthquake")


def test_faults_are_cleared_one_by_one_or_all_at_once(tmp_path: Path) -> None:
    faults.inject(tmp_path, "throttled", calls=1)
    faults.inject(tmp_path, "hang")
    faults.inject(tmp_path, "api-unreachable")

    faults.clear(tmp_path, "hang")
    faults.clear(tmp_path, "never-joins")
    assert sorted(faults.active(tmp_path)) == ["api-unreachable", "throttled"]

    faults.clear(tmp_path)
    assert faults.active(tmp_path) == {}
