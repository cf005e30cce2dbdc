"""Fault 89: what names and outputs hold never reaches a terminal, a log or a table as an order."""

import io
import json
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.visible import VisibleFilter, quoted, visible, visible_lines
from kled.yaml_text import document, to_text

HOSTILE = {
    "a title": "\x1b]0;owned\x07",
    "the clipboard": "\x1b]52;c;cm0gLXJmIC8=\x1b\\",
    "a cleared screen": "\x1b[2J\x1b[H",
    "a C1 sequence": "\x9b2J",
    "a line": "a\nprod  gone",
    "a carriage return": "prod\rgone",
    "a tab": "a\tb",
    "a backspace": "yes\b\b\bno ",
    "DEL": "a\x7f",
    "a line separator": "a\u2028b\u2029c",
    "a next line": "a\x85b",
    "a bidi override": "abc\u202egnp.exe",
    "a bidi isolate": "\u2066admin\u2069",
    "a zero-width joiner": "pro\u200dd",
    "a zero-width space": "pro\u200bd",
    "a byte order mark": "\ufeffprod",
    "a no-break space": "a\xa0b",
    "a soft hyphen": "pro\xadd",
    "a tag character": "prod\U000e0041",
    "bytes that are no UTF-8": "prod\udcff",
    # these draw nothing, though Python calls them printable
    "a Hangul filler": "prod\u3164",
    "a blank Braille cell": "prod\u2800",
    "a variation selector": "prod\ufe0f",
    "a grapheme joiner": "pro\u034fd",
}


def is_obeyed(one: str) -> bool:
    """Say whether a terminal, a line or an eye is led by it; another way than `kled.visible`'s."""
    return unicodedata.category(one)[0] in "CZ" and one != " "


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_terminal_obeys_becomes_an_escape(text: str) -> None:
    shown = visible(text)

    assert shown != text
    assert "\\" in shown
    assert not any(map(is_obeyed, shown))
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "text", ["", "c.example.com", "naïve Größe 東京", "a \\n that was typed", "[red]x[/red]", "🚀"]
)
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text(st.characters(codec=None), max_size=40))
def test_no_text_at_all_is_obeyed(text: str) -> None:
    assert not any(map(is_obeyed, visible(text)))
    assert visible_lines(text).count("\n") == text.count("\n")


@given(st.text(st.characters(codec=None), max_size=40), st.booleans())
def test_json_says_the_same_with_nothing_to_obey(text: str, ascii_only: bool) -> None:
    shown = quoted(json.dumps({text: [text]}, indent=2, ensure_ascii=False), ascii_only=ascii_only)

    assert json.loads(shown) == {text: [text]}
    assert not any(map(is_obeyed, shown.replace("\n", "")))
    assert shown.isascii() or not ascii_only


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_yaml_says_the_same_with_nothing_to_obey(text: str) -> None:
    shown = to_text([{"k" + text: [text]}])

    assert document(shown) == {"k" + text: [text]}
    assert not any(map(is_obeyed, shown.replace("\n", "").replace("\t", "")))
    assert document(quoted(shown, ascii_only=True)) == {"k" + text: [text]}


def logged(name: str, *message: object, exc_info: bool = False) -> str:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(VisibleFilter())
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    try:
        logger.warning(*message, exc_info=exc_info)
    finally:
        logger.removeHandler(handler)
    return written.getvalue()


def test_a_record_of_kled_is_one_line_whatever_it_quotes() -> None:
    said = logged("kled.test", "no %s", "a\nERROR | kled - prod is gone\x1b[2J")

    assert said == "no a\\nERROR | kled - prod is gone\\x1b[2J\n"


def test_lines_of_others_look_like_no_record() -> None:
    assert logged("library", "two\nlines\x1b[2J") == "two\n    lines\\x1b[2J\n"


def test_a_traceback_keeps_its_lines_and_shows_what_its_error_quotes() -> None:
    try:
        raise ValueError("\x1b]0;owned\x07")
    except ValueError:
        said = logged("kled.test", "it failed", exc_info=True)

    assert "ValueError: \\x1b]0;owned\\x07" in said
    assert len(said.splitlines()) > 3
