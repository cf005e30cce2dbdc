"""Time compression and Go's spelling of durations."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kled.sandbox import clock


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [
        (0.0, "0s"),
        (0.25, "250ms"),
        (1.0, "1s"),
        (1.5, "1.5s"),
        (10.0, "10s"),
        (60.0, "1m0s"),
        (900.0, "15m0s"),
        (3600.0, "1h0m0s"),
        (64800.0, "18h0m0s"),
        (3725.5, "1h2m5.5s"),
    ],
)
def test_durations_are_spelled_as_go_spells_them(seconds: float, spelled: str) -> None:
    assert clock.spelled(seconds) == spelled


def test_a_fast_sandbox_sleeps_short() -> None:
    slept: list[float] = []

    clock.sleeper(60.0, slept.append)(90.0)

    assert slept == [1.5]


def test_a_second_of_a_fast_sandbox_is_many_simulated_ones() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    later = datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)

    assert clock.seconds_since(start.timestamp(), later, 60.0) == 120.0


def test_a_directory_without_settings_runs_in_real_time(tmp_path: Path) -> None:
    assert clock.speed(tmp_path) == 1.0
