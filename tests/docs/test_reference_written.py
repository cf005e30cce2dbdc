"""docs/reference says what the code says, no more and no less.

`KLED_TEST_WRITE_REFERENCE=1 pytest tests/docs/test_reference_written.py` writes it anew.
"""

import os
from typing import Final

import pytest

from tests.docs.reading import ROOT
from tests.docs.reference import pages

DIRECTORY: Final = ROOT / "docs" / "reference"
PAGES: Final = pages()
_WRITE: Final = "KLED_TEST_WRITE_REFERENCE"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_code_says(page: str) -> None:
    if os.environ.get(_WRITE):
        DIRECTORY.mkdir(exist_ok=True)
        (DIRECTORY / page).write_text(PAGES[page], encoding="utf-8")

    assert (DIRECTORY / page).read_text(encoding="utf-8") == PAGES[page], f"set {_WRITE}=1"


def test_no_other_page_lies_there() -> None:
    assert {path.name for path in DIRECTORY.iterdir()} == set(PAGES)


def test_each_option_of_a_command_is_told() -> None:
    assert "| `--roll` |" in PAGES["commands.md"]
    assert "| `admin=DURATION` |" in PAGES["flows.md"]
    assert "| `verification-key` |" in PAGES["settings.md"]
