"""What the documents tell people to type: blocks of shell, and commands within sentences."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
_FENCE: Final = re.compile(r"^( *)```(\w*) *$")
_HEADING: Final = re.compile(r"^#+ +(.*?) *$")
_INLINE: Final = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_OPTION: Final = re.compile(r"--[a-z][a-z-]*")
_PROGRAMS: Final = ("kled", "make", "prefect")
_INDENT: Final = 4
_SCRIPTS: Final = ("run", "script", "before_script", "after_script")
"""Keys of pipeline files whose values a shell runs."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that somebody types one after the other."""

    document: str
    """Its path below the repository."""
    heading: str
    """The heading that it stands under."""
    line: int
    """Where its first line stands, from 1."""
    lines: tuple[str, ...]

    def steps(self) -> Iterator[tuple[int, str]]:
        """Yield each command with its line: as many lines as bash needs to have it whole."""
        start, text = self.line, ""
        for number, line in enumerate(self.lines, self.line):
            if not text:
                start = number
            text = f"{text}\n{line}" if text else line
            if _is_whole(text):
                if text.strip() and not text.lstrip().startswith("#"):
                    yield start, text
                text = ""
        assert not text, f"{self.document}:{start}: bash cannot read {text!r}"


@dataclass(frozen=True, slots=True)
class Fence:
    """A block between fences, in whatever language."""

    document: str
    language: str
    line: int
    """Where its first line stands, from 1."""
    lines: tuple[str, ...]

    @property
    def end(self) -> int:
        """The line of the fence that closes it."""
        return self.line + len(self.lines)


@dataclass(frozen=True, slots=True)
class Inline:
    """A command within a sentence or a table."""

    document: str
    line: int
    text: str


def documents() -> list[str]:
    """Return the documents in the order in which somebody reads them."""
    more = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
    return ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", *more]


def read(document: str) -> str:
    """Return a document's text."""
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(document: str) -> Iterator[Block]:
    """Yield what is typed: `sh` blocks, indented ones, and scripts of pipelines; in order."""
    heading, fence, start, held = "", None, 0, list[str]()
    for number, line in enumerate(read(document).splitlines(), 1):
        mark = _FENCE.match(line)
        if fence is not None:
            if mark and not mark[2]:
                yield from _fenced(fence, Block(document, heading, start, tuple(held)))
                fence, held = None, []
            else:
                held.append(line[len(fence[1]) :])
        elif mark:
            fence, start = (mark[2], mark[1]), number + 1
        elif title := _HEADING.match(line):
            heading = title[1]
        elif _is_indented(line):
            yield Block(document, heading, number, (line.strip(),))
    assert fence is None, f"{document}:{start}: the block has no end"


def fences(document: str) -> Iterator[Fence]:
    """Yield each block between fences."""
    language, start, held = "", None, list[str]()
    for number, line in enumerate(read(document).splitlines(), 1):
        mark = _FENCE.match(line)
        if start is None and mark:
            language, start, held = mark[2], number + 1, []
        elif start is not None and mark and not mark[2]:
            yield Fence(document, language, start, tuple(held))
            start = None
        elif start is not None:
            held.append(line)


def inline(document: str) -> Iterator[Inline]:
    """Yield the commands of the programs that the documents are about."""
    fenced = False
    for number, line in enumerate(read(document).splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        for _, found in () if fenced else _INLINE.findall(line):
            text = found.strip().replace("\\|", "|")
            if text.partition(" ")[0] in _PROGRAMS and " " in text:
                yield Inline(document, number, text)


def inline_options(document: str) -> Iterator[tuple[int, str]]:
    """Yield the options that stand alone in a sentence, such as `--name=C`, with their lines."""
    fenced = False
    for number, line in enumerate(read(document).splitlines(), 1):
        if _FENCE.match(line):
            fenced = not fenced
        for _, found in () if fenced else _INLINE.findall(line):
            if option := _OPTION.match(found.strip()):
                yield number, option[0]


def _fenced(fence: tuple[str, str], block: Block) -> Iterator[Block]:
    match fence[0]:
        case "sh":
            yield block
        case "yaml":
            for script in _scripts(yaml.safe_load("\n".join(block.lines))):
                lines = tuple(script.splitlines())
                at = next(n for n, line in enumerate(block.lines) if lines[0] in line)
                yield Block(block.document, block.heading, block.line + at, lines)
        case "bash" | "shell" | "console":
            raise AssertionError(f"{block.document}:{block.line}: say sh, so that it is run")
        case _:
            return


def _scripts(value: object) -> Iterator[str]:
    """Yield what a pipeline file has a shell run."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _SCRIPTS and isinstance(inner, str):
                yield inner
            elif key in _SCRIPTS and isinstance(inner, list):
                yield "\n".join(inner)
            else:
                yield from _scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scripts(inner)


def _is_indented(line: str) -> bool:
    """Say whether Markdown shows a line as code because it stands four columns in."""
    indent = len(line) - len(line.lstrip())
    return (
        indent == _INDENT and not line.lstrip().startswith(("-", "*", "`")) and bool(line.strip())
    )


def _is_whole(text: str) -> bool:
    if text.endswith(("\\", "|")):
        return False
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return done.returncode == 0 and not done.stderr
