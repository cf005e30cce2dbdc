"""A doctor that looks for long says so, and tells what it knows by then. K6.

With a kops that hangs it said nothing for a hundred seconds; stopped meanwhile, nothing at all.
"""

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kled import config
from kled.cli.doctor import try_checks
from kled.cli.frame.command import Call
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.kops.verbs.version import VERSION_TIMEOUT
from kled.operations.checks.check import Check
from kled.process import Finished

WELL = Check("kops", "ok", "1.36.2")


def call() -> Call:
    return Call(replace(config.load({"HOME": "/nowhere"}), output="json"), verbose=False)


def interrupted() -> list[Check]:
    raise KeyboardInterrupt


def test_whoever_stops_it_is_told_what_was_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        try_checks(call(), {"kops": lambda: [WELL], "clouds": interrupted})

    assert [row["check"] for row in json.loads(capsys.readouterr().out)] == ["kops"]


def test_what_takes_long_is_named_meanwhile(capsys: pytest.CaptureFixture[str]) -> None:
    def slow() -> list[Check]:
        time.sleep(0.2)
        return [WELL]

    assert try_checks(call(), {"kops": slow, "clouds": lambda: [WELL]}, slow=0.05) == [WELL, WELL]

    assert capsys.readouterr().err == "still looking at kops ...\n"


def test_a_kops_that_does_not_say_its_version_is_waited_for_some_seconds() -> None:
    asked: list[timedelta] = []

    def run(argv: Any, *, timeout: timedelta, **_more: Any) -> Finished:
        asked.append(timeout)
        return Finished(tuple(argv), 0, "Client version: 1.36.2 (git-x)", "", 0.0)

    kops = Kops(
        KopsCalls("kops", run=run, env={}, state_store="file:///s", scratch=Path("/nowhere"))
    )

    assert str(kops.version()) == "1.36.2"
    assert asked == [VERSION_TIMEOUT] == [timedelta(seconds=20)]
