"""Kops' own reader of YAML, go-yaml, reads what kled writes as it was (fault 12)."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kled.errors import TextUnreadable
from kled.yaml_text import document, to_text
from tests.emulators import servers
from tests.unit.yaml_text.yaml_rules import AMBIGUOUS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.emulators
READERS = ("kops", "strict", "v2", "v3")
_LOTS = settings(
    max_examples=1500,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Ask(Protocol):
    """What each reader of the go-yaml family takes a text for."""

    def __call__(self, text: str) -> dict[str, dict[str, Any]]: ...


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with subprocess.Popen(
        [servers.command("go-yaml")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin
        assert reader.stdout
        to, answers = reader.stdin, reader.stdout

        def asked(text: str) -> dict[str, dict[str, Any]]:
            to.write(json.dumps(text) + "\n")
            to.flush()
            answered: dict[str, dict[str, Any]] = json.loads(answers.readline())
            return answered

        yield asked
        to.close()


_TEXTS = st.one_of(
    st.sampled_from(AMBIGUOUS),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.from_regex(r"[-+.0-9a-fA-FxXoObB_:eETtZnNyY~ ]{1,16}", fullmatch=True),
    st.text(" \t\n\r:#-?'\"|>&*!%@`{}[],a1\x85\u2028\ufeff\x00\x1b", max_size=12),
)
_NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.one_of(_TEXTS, _NUMBERS, st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_an_ambiguous_text_is_a_text_to_every_reader(ask: Ask, text: str) -> None:
    body = {"value": text, "list": [text, [text]], "inner": {text: text}}
    answers = ask(to_text([body]))
    assert {name: answers[name].get("value") for name in READERS} == dict.fromkeys(READERS, body)


@_LOTS
@given(body=st.dictionaries(_TEXTS, _VALUES, max_size=6))
def test_whatever_is_written_is_read_as_it_was(ask: Ask, body: dict[str, Any]) -> None:
    answers = ask(to_text([body]))
    for name in READERS:
        assert "error" not in answers[name], answers[name]
        assert _same(answers[name]["value"], body), name


@_LOTS
@given(text=_TEXTS.filter(lambda text: "\n" not in text))
def test_a_plain_scalar_is_read_as_kops_reads_it(ask: Ask, text: str) -> None:
    """Where both take it; what only one of the two refuses reaches nobody."""
    written = f"value: {text}\n"
    answer = ask(written)["strict"]
    if "error" in answer:
        return
    try:
        mine = document(written)
    except TextUnreadable:
        return
    assert _same(mine, answer["value"])


@pytest.mark.parametrize(
    "text",
    [
        "c: !!str 4\nd: !other 5\ne: !!float 2\nf: !!bool yes\ng: !!int '3'\n",
        "x: &x {a: 1, b: 2}\nv:\n  <<: *x\n  b: 3\nz: [*x, &s t, *s]\nw: {<<: [*x, {c: 4}]}\n",
        "y: a\n0755: b\n? c\n: d\n1_0: e\n-0x1F: f\n",
        "t: 2018-06-11T21:11:53Z\nd: 2001-01-01\ns: 12:30:45\nn:\nq: [~, null]\n",
        "a: |\n  x\n   y\n\nb: >-\n  x\n  y\nc: 'it''s'\nd: \"\\x41\\u00e9\\n\"\n",
        "a: 089012345678\nb: 0o17\nc: 0b11\nd: 1e3\ne: .5\nf: +1\ng: 1_000.5\nh: 0x_1F\n",
        "a: 18446744073709551616\nb: -9223372036854775809\nc: 9007199254740993\nd: 1e999\n",
    ],
)
def test_documents_are_read_as_kops_reads_them(ask: Ask, text: str) -> None:
    assert _same(document(text), ask(text)["kops"]["value"])


_EDITED = {
    "a byte order mark": "\ufeffa: 1\n",
    "lines that end as elsewhere": 'a: 1\r\nb: |\r\n  x\r\n  y\r\nc: "p\r\n q"\r\n',
    "lines of an old Mac": "a: 1\rb: 2\r",
    "a next line": "a: x\x85  y\nb: |\n  x\x85  y\n",
    "a line separator": 'a: "x\u2028y"\nb: "x\u2029y"\n',
    "tabs": "a:\t1\nb: |\n  x\n  \ty\n",
    "directives": "%YAML 1.1\n%TAG !e! tag:x,2000:\n---\na: y\nb: !e!y 1\n",
    "marks of documents": "--- {a: 1}\n...\n",
    "marks in texts": 'a: "---"\nb: |\n  ---\n  ...\n  %YAML 1.2\n',
    "bytes": "a: !!binary aMOk\nb: !!str null\nc: !!str\n",
    "escapes": 'a: "\\x41\\u00e9\\U0001F600\\N\\_\\L\\P\\e\\0"\nb: \U0001f600\n\U0001f600: b\n',
    "blanks": "a:   x   \nb: 'x '\nc: >\n\n  x\n\n  y\n\n\n",
    "blocks": "d: |+\n  x\n\ne: |-\n  x\n\nf: |2\n    x\n",
    "long keys": "? " + "k" * 2000 + "\n: 1\n? |\n  a\n: 2\n",
    "signs": "=: 1\na: =\nb: _1\nc: 1__0\nd: 190:20:30\ne: -0\nf: ~x\ng: tRUE\nh: 0O7\n",
}


@pytest.mark.parametrize("text", _EDITED.values(), ids=_EDITED.keys())
def test_what_editors_leave_is_read_as_kops_reads_it(ask: Ask, text: str) -> None:  # fault 12
    answer = ask(text)["strict"]
    assert _same(document(text), answer.get("value")), answer


@pytest.mark.parametrize(
    "text", ["a: 1\n\ufeffb: 2\n", "%YAML 1.2\n---\na: y\n", "a: .inf\n", "a: .nan\n"]
)
def test_what_kops_refuses_or_takes_for_something_else_is_refused(ask: Ask, text: str) -> None:
    answer = ask(text)["kops"]
    assert "error" in answer or "b" not in answer["value"]
    with pytest.raises(TextUnreadable):
        document(text)


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: {b: 1, b: 2}\n", "yes: 1\ntrue: 2\n", "a: !!bool xyz\n", "[a]: 1"]
)
def test_what_kled_refuses_kops_refuses_where_it_looks(ask: Ask, text: str) -> None:  # fault 63
    assert "error" in ask(text)["strict"]
    with pytest.raises(TextUnreadable):
        document(text)


def _same(left: Any, right: Any) -> bool:
    """Compare as JSON does: kind and value; numbers by value, since JSON has one kind of them."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        whole = isinstance(left, int) and isinstance(right, int)
        return left == right if whole else float(left) == float(right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)
