"""A text in an editor is kept until it is stored, where it is an edit."""

from pathlib import Path
from typing import Any

import pytest

from kled.cli.terminal import editor
from kled.errors import KledError


class Spoken:
    """A command line that remembers what it says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, *lines: str) -> None:
        self.lines += lines


def broken_off(path: Path, edited: str) -> list[str]:
    call: Any = Spoken()
    with pytest.raises(KledError), editor.keep_until_stored(call, path, "before", "kled kops edit"):
        path.write_text(edited)
        raise KledError("the editor ended with status 1")
    return list(call.lines)


def test_what_nobody_edited_is_no_edit_to_keep(tmp_path: Path) -> None:  # fault 75
    path = tmp_path / "a text.yaml"

    assert broken_off(path, "before") == []
    assert not path.exists()


def test_an_edit_is_kept_and_the_command_that_goes_on_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "a text.yaml"

    told = broken_off(path, "after")

    assert told[0].startswith("your edit is kept in")
    assert told[1] == f"  kled kops edit --file='{path}'"
    assert path.read_text() == "after"
