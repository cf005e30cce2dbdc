"""What the lists show, from what the real kops printed."""

import inspect
import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import click
import pytest

from kled.cli.kops import get_instance_groups, get_keypairs
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.operations.session import Session
from tests.unit.kops.replay import Capture, Replay, capture
from tests.unit.operations import replayed

C: Final = "demo.k8s.local"


class Call:
    """A command line in a session whose kops answers with a capture."""

    def __init__(self, session: Session, output: str = "table") -> None:
        self._session = session
        self.settings = SimpleNamespace(output=output)
        self.said: list[str] = []

    def session(self) -> Any:
        return nullcontext(self._session)

    def say(self, *lines: str) -> None:
        self.said += lines


def answering(root: Path, *answers: Capture) -> tuple[Session, Replay]:
    opened, runner = replayed.session(root), Replay(list(answers))
    url = (root / "state").as_uri()
    opened._kops = Kops(KopsCalls("kops", run=runner, env={}, state_store=url, scratch=root))
    return opened, runner


def function(command: click.Command) -> Callable[..., Any]:
    """Return what a command does once its options are read."""
    assert command.callback is not None
    found: Callable[..., Any] = inspect.unwrap(command.callback)
    return found


def rows(text: str) -> list[list[str]]:
    """Return the cells of a table, by where its headings begin."""
    heading, *lines = text.splitlines()
    starts = [0, *(one.end() for one in re.finditer(r"  +", heading))]
    cuts = [*zip(starts, [*starts[1:], None], strict=True)]
    return [[line[start:end].strip() for start, end in cuts] for line in (heading, *lines)]


def test_distrusted_keypairs_are_listed_with_when_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # fault 71: kops leaves them out unless it is asked, and kled never asked
    listed = json.loads(capture("15b-get-keypairs-json").stdout)
    old = {**listed[0], "isPrimary": False, "distrustTimestamp": "2026-11-23T10:00:00Z"}
    answer = replace(capture("15b-get-keypairs-json"), stdout=json.dumps([old, listed[0]]))
    session, kops = answering(tmp_path, answer)

    function(get_keypairs.get_keypairs)(Call(session), C)

    assert "--distrusted=true" in kops.words
    heading, first, second = rows(capsys.readouterr().out)
    assert heading[-2:] == ["PRIMARY", "DISTRUSTED"]
    assert (first[-2:], second[-2:]) == (["no", "2026-11-23T10:00:00Z"], ["yes", ""])


def test_zones_and_subnets_of_a_group_are_two_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # fault 70: ZONES showed the names of subnets
    group = json.loads(capture("12b-get-ig-json").stdout)[0]
    group["spec"]["subnets"] = ["utility-main"]
    own = {**group, "spec": {**group["spec"], "zones": ["us-east-1b"], "subnets": ["private-7"]}}
    answer = replace(capture("12b-get-ig-json"), stdout=json.dumps([group, own]))
    session, _ = answering(tmp_path, answer)

    function(get_instance_groups.get_instance_groups)(Call(session), C)

    heading, first, second = rows(capsys.readouterr().out)
    assert heading[-2:] == ["ZONES", "SUBNETS"]
    assert (first[-2:], second[-2:]) == (["", "utility-main"], ["us-east-1b", "private-7"])


def test_sizes_that_nobody_set_are_no_zeros(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # fault 70: groups without sizes showed 0/0 where kops runs two machines
    group = json.loads(capture("12b-get-ig-json").stdout)[0]
    del group["spec"]["minSize"], group["spec"]["maxSize"]
    answer = replace(capture("12b-get-ig-json"), stdout=json.dumps([group]))
    session, _ = answering(tmp_path, answer)

    function(get_instance_groups.get_instance_groups)(Call(session), C)

    heading, (*_, low, high, _zones, _subnets) = rows(capsys.readouterr().out)
    assert heading[-4:-2] == ["MIN", "MAX"]
    assert (low, high) == ("-", "-")
