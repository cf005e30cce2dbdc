"""A link of a document leads to a file that is there, and to a heading that it has."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.docs import reading

DOCUMENTS: Final = [*reading.documents(), "SECURITY.md", "CHANGELOG.md"]
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


def links(document: str) -> Iterator[str]:
    """Yield the targets of a document's links, but for those to other sites."""
    for target in _LINK.findall(_CODE.sub("", reading.read(document))):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def anchors(text: str) -> set[str]:
    """Return the names by which GitHub finds a document's headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_link_leads_somewhere(document: str) -> None:
    here = reading.ROOT / document
    wrong = []
    for link in links(document):
        path, _, anchor = link.partition("#")
        place = here.parent / path if path else here
        if not place.exists() or (anchor and anchor not in anchors(place.read_text("utf-8"))):
            wrong.append(link)

    assert wrong == []


def test_links_are_seen() -> None:
    assert "docs/python.md" in set(links("README.md"))
    assert anchors("## `kled run`: what it does\n") == {"kled-run-what-it-does"}
