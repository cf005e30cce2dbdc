"""An error's line, and what is read of it again."""

import pytest

from kled import error_lines
from kled.errors import ClusterNotReady, KledError, LeaseHeld


@pytest.mark.parametrize(
    ("kind", "message", "hint"),
    [
        (LeaseHeld, 'cluster "c.example.com" is held by ann@desk', "wait (or see who it is)"),
        (ClusterNotReady, "2 of 3 nodes (a: NotReady, b: gone)", None),
    ],
)
def test_what_is_written_is_read(kind: type[KledError], message: str, hint: str | None) -> None:
    line = error_lines.line(kind, error_lines.sentence(message, hint))

    assert error_lines.read(line) == (kind, message, hint)


@pytest.mark.parametrize("line", ["", "Crashed", "Flow run timed out", "Any: word", "word: x"])
def test_what_prefect_says_is_no_error_of_kleds(line: str) -> None:
    assert error_lines.read(line) is None
