"""Fault 102: durations that no clock counts, and digits that are none."""

from datetime import timedelta

import click
import pytest

from kled.cli.frame.parameters import DURATION, FACTOR, whole
from tests.unit.cli.test_every_option import COMMANDS


@pytest.mark.parametrize(
    ("words", "duration"),
    [
        ("0", timedelta(0)),
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        ("87600h", timedelta(days=3650)),
    ],
)
def test_a_duration_is_what_kops_would_take_it_for(words: str, duration: timedelta) -> None:
    assert DURATION.convert(words, None, None) == duration


@pytest.mark.parametrize(
    "words",
    [
        *("99999999999999h", "876001h", "999999999999h", "9" * 400 + "s", "1" * 5000 + "h"),
        *(
            "1e308s",
            "nans",
            "infs",
            "²h",
            "٣h",
            "\uff11h",
            "-5m",
            "5",
            "",
            " ",
            "1.5.5h",
            "5 m",
            "m",
        ),
        *("0x1s", "1_0s", "\udcffh"),
    ],
)
def test_what_no_clock_counts_is_refused(words: str) -> None:
    with pytest.raises(click.BadParameter):
        DURATION.convert(words, None, None)


@pytest.mark.parametrize(("typed", "number"), [("0", 0), ("12", 12), ("007", 7)])
def test_digits_are_a_number(typed: str, number: int) -> None:
    assert whole(typed) == number


@pytest.mark.parametrize(
    "typed", ["²", "٣", "-1", "+1", "", " 1", "1_0", "9" * 5000, "1e3", "\udcff"]
)
def test_what_only_looks_like_digits_is_none(typed: str) -> None:
    # one member more: `--etcd-backups=²`, `--steady=²/3`, `sandbox break calls=²`
    assert whole(typed) is None


@pytest.mark.parametrize("typed", ["nan", "NaN", "-nan", "inf", "1e400", "0.5", "-1", "x", ""])
def test_a_factor_is_a_number_from_1_on(typed: str) -> None:
    # one member more: `--speed=nan` made a sandbox whose time stands still
    assert FACTOR.convert("1.5", None, None) == 1.5
    with pytest.raises(click.BadParameter):
        FACTOR.convert(typed, None, None)


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("kled kops edit-instance-group", "--min"),
        ("kled kops edit-instance-group", "--max"),
        ("kled kops scale-instance-group", "--size"),
        ("kled kops scale-instance-group", "--min"),
        ("kled kops scale-instance-group", "--max"),
        ("kled kops rolling-update", "--validate-count"),
    ],
)
@pytest.mark.parametrize("value", ["-1", "2147483648", "99999999999999999999"])
def test_a_count_that_no_definition_can_hold_is_refused(path: str, option: str, value: str) -> None:
    command = COMMANDS[path]
    with pytest.raises(click.BadParameter) as caught:
        command.make_context("kled", [f"{option}={value}"])

    assert caught.value.exit_code == 2
    assert option in caught.value.format_message()
    assert "0<=x<=2147483647" in caught.value.format_message()


def test_every_whole_number_for_kops_has_an_end() -> None:
    endless = [
        (path, option.name)
        for path, command in COMMANDS.items()
        for option in command.params
        if path.startswith("kled kops ")
        and isinstance(option.type, click.types.IntParamType)
        and getattr(option.type, "max", None) is None
    ]

    assert endless == []
