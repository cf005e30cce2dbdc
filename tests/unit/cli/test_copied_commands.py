"""A command that a preview tells ends its line: the whole line behind the colon can be copied."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import kled.cli

ROOT = Path(kled.cli.__file__).parent
TOLD = re.compile(r"^(preview only; |next: )?.*: kled ")
BEHIND = re.compile(r"\s{2,}\S|\s[#(]|\)$")


def told() -> Iterator[tuple[str, str]]:
    """Yield the text of each line with a command that the command line says, by its place."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "say":
                for line in node.args:
                    text = text_of(line)
                    if re.match(TOLD, text) or text.startswith("preview only; "):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def text_of(node: ast.expr) -> str:
    """Return the text of a literal, each value in it as one letter."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else "X"


LINES = dict(told())


def test_there_are_such_lines() -> None:
    assert len(LINES) > 8


@pytest.mark.parametrize("place", LINES)
def test_nothing_stands_behind_a_command(place: str) -> None:
    assert not BEHIND.search(LINES[place]), LINES[place]
