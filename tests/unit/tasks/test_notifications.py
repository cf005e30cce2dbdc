"""Fault 32: people are told at the right level, line by line; a refusal is no failure."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kled import config
from kled.errors import KledError, NotApproved, WindowClosed
from kled.rules import Event
from tasks.running import edge, notifications
from tasks.running.resources import Unwatched, call_with
from tests.pager import listening

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield what a listener heard."""
    with listening() as (address, messages):
        (tmp_path / "url").write_text(f"json://{address}/x")
        yield messages


def settings(tmp_path: Path, *on: str) -> config.Settings:
    file = tmp_path / "config.toml"
    listed = f"on = {json.dumps(on)}\n" if on else ""
    file.write_text(f'[notifications]\nurls = ["file:{tmp_path}/url"]\n{listed}')
    return config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(file), "A_TOKEN": "s3cr3t-t0k3n"})


@pytest.mark.parametrize(
    ("event", "level"),
    [
        ("completion", "success"),
        ("approval-needed", "warning"),
        ("refusal", "warning"),
        ("failure", "failure"),
    ],
)
def test_each_event_has_its_level_and_its_lines(
    heard: list[dict[str, Any]], tmp_path: Path, event: Event, level: str
) -> None:
    with call_with(settings(tmp_path), Unwatched()):
        notifications.notify(event, "c: title", "what\x1b[2J\nforged", "the s3cr3t-t0k3n")

    (told,) = heard
    assert (told["type"], told["title"]) == (level, "c: title")
    assert told["message"].split("\n") == [r"what\x1b[2J\nforged", "the [redacted]"]


@pytest.mark.parametrize(
    ("error", "level", "title"),
    [
        (NotApproved("nobody approved"), "warning", "a flow run: not approved"),
        (WindowClosed("closed"), "warning", "a flow run: refused: WindowClosed"),
        (KledError("broken"), "failure", "a flow run: KledError"),
    ],
)
@pytest.mark.parametrize("on", [(), ("failure",)])
def test_a_refusal_is_told_as_one(
    heard: list[dict[str, Any]],
    tmp_path: Path,
    error: KledError,
    level: str,
    title: str,
    on: tuple[str, ...],
) -> None:
    with call_with(settings(tmp_path, *on), Unwatched()):
        edge.failed_state(error)

    assert [(one["type"], one["title"]) for one in heard] == [(level, title)]


def test_who_asked_for_refusals_alone_hears_of_no_failure(
    heard: list[dict[str, Any]], tmp_path: Path
) -> None:
    with call_with(settings(tmp_path, "refusal"), Unwatched()):
        edge.failed_state(KledError("broken"))
        edge.failed_state(NotApproved("no"))

    assert [one["title"] for one in heard] == ["a flow run: not approved"]


def test_who_hears_of_failures_hears_that_one_is_over(
    heard: list[dict[str, Any]], tmp_path: Path
) -> None:  # fault 60
    with call_with(settings(tmp_path, "failure"), Unwatched()):
        notifications.notify("failure", "1 cluster healthy again", "c.example.com", cured=True)

    assert [(one["type"], one["message"]) for one in heard] == [("success", "c.example.com")]


def test_a_failure_that_another_tells_of_is_told_once(
    heard: list[dict[str, Any]], tmp_path: Path
) -> None:
    with call_with(settings(tmp_path), Unwatched()):
        edge.failed_state(KledError("broken"), tells=False)

    assert heard == []
