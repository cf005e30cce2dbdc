"""One of something is said in the singular, and a length of time by its units (fault 37).

It said "1 differences" and "0.333333 minutes", and so did other lines that nobody had typed yet.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import kled

_ROOT: Final = Path(kled.__file__).parent.parent
_ROOMS: Final = ("kled", "tasks", "flows", "deployments")
_APART: Final = _ROOT / "kled" / "sandbox"
"""It speaks kops' words."""
_NOUN: Final = re.compile(r" (?:[a-z-]+ )?(?P<noun>[a-z]+s)\b")
_TIME: Final = re.compile(r" ?(seconds|minutes|hours|days)\b")
_DECIMAL: Final = frozenset({"f'.1f'", "'.1f'"})
"""4.0 hours, and 1.0 hours."""
_NO_NOUNS: Final = frozenset({"bytes", "was", "has", "is", "this"})
"""Bytes are never one: each file of those that are counted has more."""


def _texts() -> Iterator[tuple[Path, ast.JoinedStr]]:
    for room in _ROOMS:
        for path in sorted((_ROOT / room).rglob("*.py")):
            if not path.is_relative_to(_APART):
                tree = ast.parse(path.read_text(encoding="utf-8"))
                yield from ((path, one) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr))


def counted(text: ast.JoinedStr) -> Iterator[str]:
    """Yield what follows a count, or a number of some unit of time, as if there were many."""
    before: ast.expr = ast.Constant("")
    for value, following in zip(text.values, text.values[1:], strict=False):
        earlier, before = before, value
        if not isinstance(value, ast.FormattedValue) or not isinstance(following, ast.Constant):
            continue
        if isinstance(earlier, ast.Constant) and str(earlier.value).endswith((" of ", " of the ")):
            continue  # some of them
        words = str(following.value)
        noun = _NOUN.match(words)
        is_count = isinstance(value.value, ast.Call) and ast.unparse(value.value.func) == "len"
        if (is_count and noun and noun["noun"] not in _NO_NOUNS) or (
            value.format_spec is not None
            and ast.unparse(value.format_spec) not in _DECIMAL
            and _TIME.match(words)
        ):
            yield f"{{{ast.unparse(value.value)}}}{words}"


def test_one_of_something_is_not_said_as_many() -> None:
    said = [f"{path.name}: {words}" for path, text in _texts() for words in counted(text)]

    assert said == []


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ('f"{len(x)} differences"', 1),
        ('f"{len(x)} etcd backups of {y}"', 1),
        ('f"after {seconds / 60:g} minutes"', 1),
        ('f"{len(x)} of {len(y)} are bad"', 0),
        ("f\"{number(len(x), 'difference')} of it\"", 0),
        ('f"{len(x)} bytes"', 0),
    ],
)
def test_the_test_finds_them(source: str, number: int) -> None:
    text = next(one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.JoinedStr))

    assert len(list(counted(text))) == number
