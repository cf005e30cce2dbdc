"""Fault 32: what waits says until when, also a roll that gives people time to look."""

from datetime import UTC, datetime, timedelta, timezone

from kled.operations.roll.roll_groups import say_pause


def test_a_pause_between_groups_says_until_when_what_comes_and_what_stopping_does() -> None:
    now = datetime(2026, 11, 30, 2, 50, tzinfo=UTC)

    words = say_pause("nodes-a", "nodes-b", timedelta(minutes=24), now)

    assert words == (
        "nodes-a is rolled; nodes-b begins at 2026-11-30 03:14 UTC (0:24:00), so that people can"
        " look; stopped before, the roll goes on from there when it is run again"
    )
    berlin = now.astimezone(timezone(timedelta(hours=1)))
    assert say_pause("nodes-a", "nodes-b", timedelta(minutes=24), berlin) == words
