"""A table that is wider than the terminal can be read, and what it tells can be copied. K6."""

import io
import os
import termios
from pathlib import Path

import pytest

from kled.cli.terminal.output import Column, table
from kled.cli.terminal.streams import Terminal

ROWS = [
    {"a": "kops", "b": "ok", "c": "x" * 30, "d": ""},
    {"a": "k9s", "b": "no", "c": "", "d": "y"},
]
FOUR = [Column("CHECK", "a"), Column("STATE", "b"), Column("DETAIL", "c"), Column("HINT", "d")]


@pytest.mark.parametrize("width", [None, 50])
def test_a_table_that_fits_is_one(width: int | None) -> None:
    assert table(ROWS, FOUR, width=width)[0] == f"CHECK  STATE  {'DETAIL':30}  HINT"


def test_what_does_not_fit_stands_below_its_row_and_is_not_broken() -> None:
    """The doctor's table is 276 columns wide: on a terminal each row was four lines, two blank."""
    assert table(ROWS, FOUR, width=40) == [
        "CHECK  STATE",
        "    DETAIL | HINT",
        "kops   ok",
        f"    {'x' * 30}",
        "k9s    no",
        "    y",
    ]
    assert table(ROWS, FOUR, width=3)[:2] == ["CHECK", "    STATE | DETAIL | HINT"]


def test_a_terminal_says_how_wide_it_is_and_a_file_does_not(tmp_path: Path) -> None:
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    with os.fdopen(slave, "w") as screen, (tmp_path / "log").open("w") as log:
        assert Terminal(screen).columns() == 80
        assert Terminal(log).columns() is None
        assert Terminal(io.StringIO()).columns() is None
    os.close(master)
