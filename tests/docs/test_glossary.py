"""Each word of docs/glossary.md is used, and nobody says the same in another word to people."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import pytest

from tests.docs import reading

GLOSSARY: Final = "docs/glossary.md"
_ROOMS: Final = ("kled", "flows", "tasks", "deployments")
_OTHERS: Final = ("kled/sandbox/", "kled/kops/failures/", "kled/kops/fields/")
"""Where the words are kops' own, and those of clouds."""
_ROW: Final = re.compile(r"^\| (?!term |---)(.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
_JOINED: Final = re.compile(r'"\s+f?"')
"""Where a text goes on in the next line."""
_CODE: Final = re.compile(r"`([^`]+)`")


def entries() -> dict[str, tuple[str, ...]]:
    """Return each term with the words that are not used for it."""
    return {
        term: tuple(_CODE.findall(others))
        for terms, _, others in _ROW.findall(reading.read(GLOSSARY))
        for term in terms.split(", ")
    }


ENTRIES: Final = entries()
SYNONYMS: Final = {other: term for term, others in ENTRIES.items() for other in others}


@cache
def sources() -> dict[str, str]:
    """Return the code that speaks to people by its path."""
    paths = [path for room in _ROOMS for path in sorted((reading.ROOT / room).rglob("*.py"))]
    found = {path.relative_to(reading.ROOT).as_posix(): path.read_text("utf-8") for path in paths}
    return {path: text for path, text in found.items() if not path.startswith(_OTHERS)}


@cache
def pages() -> dict[str, str]:
    """Return the pages that say what kled does, on one line each; decisions keep their words."""
    return {
        page: _on_one_line(reading.read(page))
        for page in reading.documents()
        if page != GLOSSARY and not page.startswith("docs/decisions/")
    }


def saying(other: str) -> Iterator[str]:
    """Yield the pages that have those words, and the modules with a text that has them."""
    yield from (page for page, text in pages().items() if _uses(text, other))
    code = [path for path, text in _joined().items() if _uses(text, other)]
    yield from (path for path in code if _says(path, other))


@cache
def _joined() -> dict[str, str]:
    """Return the code on one line each, with the parts of its texts joined."""
    return {path: _on_one_line(_JOINED.sub("", text)) for path, text in sources().items()}


def _says(path: str, other: str) -> bool:
    return any(_uses(text, other) for text in _texts(ast.parse(sources()[path])))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield what a module may say: its texts without docstrings."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield _on_one_line(str(node.value))


def _uses(text: str, term: str) -> bool:
    """Say whether a text has the term, in any number and case."""
    text, term = text.lower(), term.lower()
    return term in text and re.search(rf"\b{re.escape(term)}(?:s|es|ed)?\b", text) is not None


@pytest.mark.parametrize("term", ENTRIES)
def test_a_term_is_used(term: str) -> None:
    assert any(_uses(text, term) for text in (*pages().values(), *sources().values()))


@pytest.mark.parametrize("other", SYNONYMS)
def test_the_same_is_said_in_no_other_word(other: str) -> None:
    assert list(saying(other)) == []


def test_a_term_is_told_once() -> None:
    rows = [terms for terms, _, _ in _ROW.findall(reading.read(GLOSSARY))]
    terms = [term for row in rows for term in row.split(", ")]

    assert sorted(terms) == sorted(set(terms))
    assert not set(ENTRIES) & set(SYNONYMS)


def test_synonyms_are_seen() -> None:
    said = list(_texts(ast.parse('"""Two."""\nraise E(f"{n} key\\npairs" f" are {k}")')))

    assert said == ["key pairs are"]
    assert _uses(said[0], "key pair")
    assert not _uses("keypairs", "key pair")
