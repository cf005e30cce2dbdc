"""Fault 89: what a name holds forges nothing in artifacts, approvals, events and notifications."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kled.errors import KledError
from kled.models.blast_radius import BlastRadius
from kled.models.plan import Change, Plan
from kled.operations.runner import Report, Row
from kled.visible import visible
from tasks.running import edge, events, plans, previews, snapshot_table, summary
from tasks.running.markdown import inline
from tests.unit.test_visible import HOSTILE, is_obeyed

FORGERIES = {
    "a cell": "a | done | 1 s |",
    "a row": "a\n| forged | done | 1 s | 1 | fine |",
    "code": "`rm -rf /`",
    "a fence": "```sh\nrm -rf /\n```",
    "a script": "<script>alert(1)</script>",
    "an image": "![x](https://evil.example/pixel)",
    "a link": "[approve](https://evil.example)",
    "a reference": "[approve]: https://evil.example",
    "an autolink": "<https://evil.example>",
    "an entity": "&lt;b&gt; &#x202e;",
    "a heading": "# all is well",
    "a list": "- all is well",
    "a numbered list": "1. all is well",
    "a rule": "---",
    "emphasis": "**all** *is* __well__ _here_ ~~not~~",
    "a quote": "> all is well",
    "a backslash": "a\\",
}
EVIL = [*FORGERIES.values(), *HOSTILE.values()]


def cells(text: str) -> list[list[str]]:
    """Return the cells of the first table, as a reader of markdown other than ours shows them."""
    rows: list[list[str]] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and token.level > 3:
            rows[-1].append(plain(token.children or []))
    return rows


def plain(children: list[Any]) -> str:
    assert {one.type for one in children} <= {"text", "text_special", "code_inline"}
    return "".join(one.content for one in children)


@pytest.mark.parametrize("words", EVIL)
def test_words_stay_words(words: str) -> None:
    (opened, line, closed) = MarkdownIt("gfm-like", {"linkify": False}).parse(inline(words))

    assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close")
    assert plain(line.children or []) == visible(words).strip()


@given(st.text("|`*_[]()<>!&~#-+=1.) \\\nab\x1b", min_size=1, max_size=30))
def test_any_words_are_one_cell_that_shows_them(words: str) -> None:
    text = f"| a | b |\n| --- | --- |\n| x | {inline(words)} |\n"

    assert cells(text)[1:] == [["x", visible(words).strip()]]


def test_a_preview_has_one_entry_for_each_change() -> None:
    text = previews.markdown("Restore of a\n# b", "0b5a6a4f9c1e", EVIL)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    entries = [one for one in tokens if one.type == "inline" and one.level == 3]

    assert [plain(one.children or []) for one in entries] == [
        visible(words).strip() for words in EVIL
    ]
    assert sum(one.type == "heading_open" for one in tokens) == 1
    assert obeyed(text) == ""


def test_a_summary_has_one_row_for_each_step_and_its_own_hint() -> None:
    rows = tuple(Row(words, "done", 1.0, 1, words, words) for words in EVIL)
    report = Report("update cluster", "a\n# b", rows)

    text = summary.markdown(report, then=EVIL, error=KledError(EVIL[1], hint=EVIL[4]))

    assert [row[0] for row in cells(text)[1:]] == [visible(words).strip() for words in EVIL]
    assert "<script>" not in text.partition("```sh")[0].replace("\\<script", "")
    assert obeyed(text) == ""


def test_a_plan_has_one_line_for_each_change() -> None:
    changes = tuple(Change("create", "Keypair", words) for words in EVIL)
    radius = BlastRadius("c", iam=tuple(EVIL), unknown={"rolls": EVIL[1]}, rolls=None)

    text = plans.markdown(Plan("a\n# b", changes, refusal=KledError(EVIL[2])), radius)

    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(lines) == len(EVIL)
    assert len(cells(text)) == 1 + len(radius.rows())
    assert obeyed(text) == ""


def test_a_plan_says_from_which_value_to_which_and_values_stay_words() -> None:  # fault 31
    planted = "T0P-SECRET-VALUE"
    changes = (
        Change("modify", "LaunchTemplate", "nodes", {"InstanceType": "t3.medium -> t3.large"}),
        *(Change("modify", "Tag", str(n), {words: words}) for n, words in enumerate(EVIL)),
        Change("modify", "Tag", "s", {"Key": f"{planted} -> b"}),
    )

    text = plans.markdown(Plan("c", changes), None, lambda words: words.replace(planted, "***"))

    assert "- modify LaunchTemplate/nodes\n  - InstanceType: t3.medium -\\> t3.large\n" in text
    assert planted not in text
    tokens = {one.type for one in MarkdownIt("gfm-like", {"linkify": False}).parse(text)}
    assert {one.partition("_")[0] for one in tokens} == {
        "heading",
        "inline",
        "paragraph",
        "bullet",
        "list",
    }
    assert obeyed(text) == ""


def test_an_event_a_state_and_a_table_say_it_in_one_line() -> None:
    for words in EVIL:
        told = events.payload_of(words, words)
        assert obeyed(str(told["payload"]["words"] + told["resource"]["prefect.resource.id"])) == ""
        assert "\n" not in told["payload"]["words"]
        state = edge.failed_state(KledError(words, hint=words))
        assert "\n" not in (state.message or "")
        assert obeyed(state.message or "") == ""
        (row,) = snapshot_table.make_visible([{"cluster": words, "level": 1}])
        assert row == {"cluster": visible(words), "level": 1}


def obeyed(text: str) -> str:
    return "".join(one for one in text if is_obeyed(one) and one != "\n")
