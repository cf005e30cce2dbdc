"""Maintenance windows, approvals and notifications as the settings file has them: pure."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled import config, rules
from kled.cli.frame.settings_file import remember
from kled.errors import InvalidInput
from kled.rules import DAYS, Window

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
MOMENTS = st.integers(0, 730 * 1440).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
WINDOWS = st.builds(
    Window,
    st.just(("*",)),
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=7).map(tuple),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
).filter(lambda one: one.begin != one.end)


def weekend(begin: str, end: str, zone: str = "Europe/Berlin") -> Window:
    return Window(("*",), ("sat", "sun"), time.fromisoformat(begin), time.fromisoformat(end), zone)


@given(WINDOWS, MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(window: Window, now: datetime) -> None:
    opens = window.opens(now)

    assert opens >= now
    assert window.is_open(opens) or window.begin == window.end
    if opens > now:
        assert not window.is_open(now)
        assert not window.is_open(opens - timedelta(seconds=1))
        assert not window.is_open(now + (opens - now) / 2)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    window = weekend("22:00", "04:00", "UTC")

    assert window.is_open(datetime(2026, 11, 28, 23, tzinfo=UTC))
    assert window.is_open(datetime(2026, 11, 30, 3, 59, tzinfo=UTC))
    assert not window.is_open(datetime(2026, 11, 30, 4, tzinfo=UTC))
    assert not window.is_open(datetime(2026, 11, 28, 3, tzinfo=UTC))


def test_clocks_that_change_in_a_window_do_not_shut_it() -> None:
    spring = weekend("02:00", "05:00")  # 2026-03-29: 02:00 becomes 03:00 in Berlin
    berlin = ZoneInfo("Europe/Berlin")

    assert spring.is_open(datetime(2026, 3, 29, 3, 30, tzinfo=berlin))
    assert not spring.is_open(datetime(2026, 3, 29, 5, 0, tzinfo=berlin))
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 for the first time
    assert spring.is_open(autumn)
    assert spring.is_open(autumn + timedelta(hours=1))


@pytest.mark.parametrize(
    ("begin", "end", "opens", "minutes"),
    [
        ("02:00", "03:00", "03:00", 60),  # it opened for no moment
        ("02:30", "03:00", "03:00", 30),
        ("02:15", "02:45", "03:00", 30),
        ("02:30", "03:15", "03:00", 15),  # it ended before it opened
        ("01:30", "02:30", "01:30", 30),
        ("02:00", "05:00", "03:00", 120),
    ],
)
def test_a_window_of_times_that_the_clocks_leave_out_opens_all_the_same(
    begin: str, end: str, opens: str, minutes: int
) -> None:  # fault 38
    window, berlin = weekend(begin, end), ZoneInfo("Europe/Berlin")
    hour, minute = map(int, opens.split(":"))
    opening = datetime(2026, 3, 29, hour, minute, tzinfo=berlin)
    utc = opening.astimezone(UTC)

    assert window.opens(datetime(2026, 3, 28, 22, tzinfo=UTC)) == opening
    assert [window.is_open(utc + timedelta(seconds=one)) for one in (-1, 0)] == [False, True]
    lasts = timedelta(minutes=minutes)
    assert window.is_open(utc + lasts - timedelta(seconds=1))
    assert not window.is_open(utc + lasts)


def test_a_moment_of_the_windows_own_zone_is_compared_as_a_moment() -> None:
    """Another member: local times of one zone compare as clocks read, also where they went back."""
    window = weekend("02:40", "03:00")  # 2026-10-25: 03:00 becomes 02:00 in Berlin
    second = datetime(2026, 10, 25, 2, 20, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)

    assert window.is_open(second)  # from 02:40 on, until the clocks read 03:00


def test_rules_bind_the_clusters_that_they_name() -> None:
    found = rules.load(
        {
            "maintenance-windows": [
                {"clusters": ["prod-*"], "from": "02:00", "to": "04:00", "timezone": "UTC"}
            ],
            "approval": {"automatic": ["dev-*"], "needed": ["iam"]},
        }
    )

    assert len(found.windows_of("prod-a")) == 1
    assert found.windows_of("dev-a") == ()
    assert (found.asks_for("prod-a"), found.asks_for("dev-a")) == (("iam",), ())
    assert rules.load({}).asks_for("prod-a") == ()


BASE = {"from": "02:00", "to": "04:00", "timezone": "UTC"}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"maintenance-windows": {}}, "maintenance-windows"),
        ({"maintenance-windows": [BASE | {"day": "sat"}]}, "maintenance-windows[0].day"),
        ({"maintenance-windows": [BASE, {"from": "02:00"}]}, "maintenance-windows[1].to"),
        ({"maintenance-windows": [BASE | {"from": "25:00"}]}, "maintenance-windows[0].from"),
        ({"maintenance-windows": [BASE | {"to": "02:00"}]}, "maintenance-windows[0].to"),
        ({"maintenance-windows": [BASE | {"days": ["sam"]}]}, "maintenance-windows[0].days"),
        ({"maintenance-windows": [BASE | {"timezone": "Mars"}]}, "maintenance-windows[0].timezone"),
        ({"maintenance-windows": [BASE | {"outside": "ask"}]}, "maintenance-windows[0].outside"),
        ({"approval": {"needed": ["everything"]}}, "approval.needed"),
        ({"approval": []}, "approval"),
        # fault 32: a promise that nobody can keep without signed approvals
        ({"approval": {"approver": "not-the-requester"}}, "approval.approver"),
        ({"notifications": {"urls": ["slack://token"]}}, "notifications.urls"),
        ({"notifications": {"on": ["always"]}}, "notifications.on"),
    ],
)
def test_a_wrong_rule_is_named_by_its_field(document: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        rules.load(document)

    assert raised.value.field == field
    assert "token" not in str(raised.value)


def test_rules_survive_when_a_store_is_remembered(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    text = (
        'state-stores = {"s3://a" = {region = "x"}}\n'  # inline: the file is written anew
        '[[maintenance-windows]]\nfrom = "02:00"\nto = "03:00"\ntimezone = "UTC"\ndays = ["sat"]\n'
        '[approval]\nneeded = ["iam"]\n'
    )
    file.write_text(text)
    env = {"HOME": str(tmp_path), "KLED_CONFIG": str(file)}
    before = config.load(env).rules

    remember(file, "s3://b", {"region": "eu-west-1"}, default=True)

    assert config.load(env).rules == before
    assert config.load(env).state_store == "s3://b"
