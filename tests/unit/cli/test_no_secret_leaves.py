"""Each way out of the command line takes secrets out. Fault 56."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from kled.cli.terminal import streams
from kled.cli.terminal.output import Column, show, show_documents, show_value
from kled.cli.terminal.steps import LiveSteps
from kled.operations.runner import Row
from kled.redact import MASK

SECRET = "Zk3vQ9xT7mB2cW8r"
WORDS = f"used {SECRET}, ghp_0123456789abcdefghij and token=abcdef"
ROW = {"words": WORDS, "password": "hunter2"}
WAYS: dict[str, Callable[[], None]] = {
    "a line for people": lambda: streams.err().say(WORDS),
    "a result": lambda: streams.out().say(WORDS),
    "last words": lambda: streams.end(WORDS),
    "a summary": lambda: streams.out().markdown(WORDS),
    "a table": lambda: show([ROW], [Column("WORDS", "words")], "table"),
    "rows as JSON": lambda: show([ROW], [], "json"),
    "JSON": lambda: show_value(ROW, "json"),
    "YAML": lambda: show_value(ROW, "yaml"),
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HCLOUD_TOKEN", SECRET)


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_goes_out_no_way(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    WAYS[way]()

    said = "".join(capsys.readouterr())
    assert "used " in said
    assert MASK in said
    assert not [one for one in (SECRET, "0123456789abcdefghij", "abcdef", "hunter2") if one in said]


def test_a_list_of_steps_that_is_drawn_shows_none() -> None:
    console = Console(file=io.StringIO(), width=200)
    steps = LiveSteps(console)
    steps.ended(Row("go", "done", 1.0, 1, WORDS))

    console.print(steps.render())

    drawn = str(console.file.getvalue())  # type: ignore[attr-defined]
    assert "used " in drawn
    assert SECRET not in drawn
    assert "abcdef" not in drawn


def test_what_is_read_again_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_documents([{"spec": {"proxy": "http://me:hunter2@proxy"}}])
    show_value({"set": {"HCLOUD_TOKEN": SECRET}}, "json", exact=True)

    said = capsys.readouterr().out
    assert "hunter2" in said
    assert SECRET in said
