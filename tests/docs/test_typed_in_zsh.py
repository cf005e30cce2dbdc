"""What the documents have people type means the same in an interactive zsh as in bash."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.docs import reading

_QUOTED: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"])*\"|\\.")
_SHELL: Final = re.compile(r"\$\{[^}]*\}|\$\(\(.*?\)\)|\[\[? .*? \]\]?|\$\?")
"""What bash and zsh read alike: values, sums, tests."""
_REMARK: Final = re.compile(r"(?:^|\s)#.*")
_PATTERN: Final = re.compile(r"[\[?*]")
_OF_KLED: Final = re.compile(r"(?<![\w./-])kled [^|;&)]*")


def _typed(document: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that somebody types, each with its number."""
    for block in reading.blocks(document):
        yield from enumerate(block.lines, block.line)
    for inline in reading.inline(document):
        yield inline.line, inline.text


def _patterns(line: str) -> list[str]:
    """Return the words of kled's commands that zsh would match against the names of files."""
    bare = _REMARK.sub("", _SHELL.sub("", _QUOTED.sub("", line)))
    commands = " ".join(_OF_KLED.findall(bare))
    return [word for word in commands.split() if _PATTERN.search(word)]


@pytest.mark.parametrize("document", reading.documents())
def test_no_word_of_a_command_is_a_pattern(document: str) -> None:
    """An interactive zsh refuses one that matches no file; bash passes it on."""
    bad = [f"{document}:{at}: {word}" for at, line in _typed(document) for word in _patterns(line)]

    assert not bad, "quote what zsh would look for among files:\n" + "\n".join(bad)


def test_whoever_types_in_zsh_is_told_of_remarks_before_the_first() -> None:
    """Without the option zsh hands `#` and what follows it to the command."""
    text = reading.read("README.md")
    first = next(
        line
        for block in reading.blocks("README.md")
        for line in block.lines
        if _REMARK.search(_QUOTED.sub("", line))
    )

    assert text.index("setopt interactivecomments") < text.index(first)
