"""What holder and watchdog say arrives as it was said."""

import io

import pytest

from kled.lease import messages
from kled.lease.messages import (
    AskForNews,
    Beat,
    Failed,
    FromHolder,
    FromWatchdog,
    Hand,
    Here,
    LeaseIsLost,
    Open,
    Ready,
    Release,
    Released,
    Renewed,
    Start,
)

HOLDER: list[FromHolder] = [
    Open("s3://b", None, "eu-west-1"),
    Hand('{"token": 1}', "tag", 1.5),
    Beat(2.5),
    Start(7, None),
    Start(7, 8),
    AskForNews(),
    Release(),
]
WATCHDOG: list[FromWatchdog] = [
    Ready(),
    Renewed(1.0),
    Failed("it's\ndown"),
    LeaseIsLost("taken"),
    Here(),
    Released(2.0),
]


@pytest.mark.parametrize("message", HOLDER)
def test_the_watchdog_hears_what_the_holder_says(message: FromHolder) -> None:
    assert list(messages.from_holder(io.BytesIO(messages.encode(message)))) == [message]


@pytest.mark.parametrize("message", WATCHDOG)
def test_the_holder_hears_what_the_watchdog_says(message: FromWatchdog) -> None:
    assert list(messages.from_watchdog(io.BytesIO(messages.encode(message)))) == [message]


def test_half_a_line_is_a_last_gasp_and_no_message() -> None:
    said = messages.encode(Renewed(1.0)) + messages.encode(LeaseIsLost("taken"))[:-1]

    assert list(messages.from_watchdog(io.BytesIO(said))) == [Renewed(1.0)]
