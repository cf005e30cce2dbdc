"""Fault 102: durations that no clock counts, and digits that are none."""

from datetime import timedelta

import click
import pytest

from kled.cli.parameters import DURATION


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
