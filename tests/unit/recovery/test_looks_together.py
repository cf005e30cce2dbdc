"""Looks that are made at once: none fails or holds up another."""

import threading
import time
from datetime import timedelta

import pytest

from kled.errors import StoreDenied
from kled.recovery.known import Unknown
from kled.recovery.looks.together import ask_together


def test_a_look_that_hangs_is_not_known_and_the_others_are() -> None:
    hanging = threading.Event()
    begun = time.monotonic()

    answers = ask_together(
        {"hangs": hanging.wait, "hangs too": hanging.wait, "answers": lambda: 1},
        timedelta(seconds=0.3),
    )

    assert answers["answers"] == 1
    assert isinstance(answers["hangs"], Unknown)
    assert time.monotonic() - begun < 5
    hanging.set()


def test_what_a_store_says_is_why_it_is_not_known() -> None:
    def refused() -> None:
        raise StoreDenied("the bucket refuses these credentials", hint="aws sso login")

    assert ask_together({"state": refused})["state"] == Unknown(
        "the bucket refuses these credentials", "aws sso login"
    )


def test_what_is_no_error_of_kled_is_a_bug_and_is_raised() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_together({"broken": broken})
