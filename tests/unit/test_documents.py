"""Documents of the stores are read within bounds: whatever the bytes, a value or one error."""

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.documents import LARGEST, Fields, parse_json
from kled.errors import DocumentDamaged

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_what_was_written_as_json_is_read(value: object) -> None:
    assert parse_json(json.dumps(value).encode(), what="a document") == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode(), what="a document") == value


@given(st.binary() | VALUES.map(lambda value: json.dumps(value).encode()), st.data())
def test_whatever_the_bytes_are_no_other_error_escapes(body: bytes, data: st.DataObject) -> None:
    damaged = bytearray(body or b"0")
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with suppress(DocumentDamaged):
        parse_json(bytes(damaged), what="a document", limit=200, depth=3)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not the JSON"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not the JSON"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b"[NaN]", "NaN is not a number"),
        (b"[-Infinity]", "-Infinity is not a number"),
        (b"[1e999]", "too large"),
        (b'["\\ud800"]', "not the JSON"),
        (b'{"\\uDC00": 1}', "not the JSON"),
        (b"1" * 5000, "not the JSON"),
        (b"[" * 4_000_000, "nests deeper than 64 levels"),
        (b'{"a":' * 500_000 + b"1" + b"}" * 500_000, "nests deeper than 64 levels"),
        (b"[" * 65 + b"]" * 65, "nests deeper than 64 levels"),
        (b" " * (4 * 1024 * 1024) + b"1", "larger than 4194304 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:12]),
)
def test_what_readers_could_differ_about_is_refused(body: bytes, reason: str) -> None:  # fault 84
    with pytest.raises(DocumentDamaged, match=reason):
        parse_json(body, what="a document")


def test_as_many_levels_and_bytes_as_are_allowed_are_read() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64, what="a document")
    assert parse_json(b'["\\ud83d\\ude00"]', what="a document") == ["😀"]
    assert parse_json(b"[10]", what="a document", limit=4, depth=1) == [10]


def test_the_fields_of_an_object_are_read_by_their_types() -> None:
    fields = Fields(
        {
            "text": "t",
            "flag": True,
            "whole": LARGEST,
            "number": 2,
            "moment": "2026-11-29T16:00:00+00:00",
            "texts": ["a"],
            "object": {"whole": 1},
            "objects": [{"text": "x"}],
            "null": None,
        },
        "a document",
    )

    assert (fields.text("text"), fields.flag("flag"), fields.whole("whole")) == ("t", True, LARGEST)
    assert fields.number("number") == 2.0
    assert fields.moment("moment") == datetime(2026, 11, 29, 16, tzinfo=UTC)
    assert fields.texts("texts") == ("a",)
    assert fields.child("object").whole("whole") == 1
    assert [inner.text("text") for inner in fields.children("objects")] == ["x"]
    assert "text" in fields
    assert "null" not in fields


READERS = ["text", "flag", "whole", "number", "moment", "texts", "child", "children"]


@pytest.mark.parametrize("reader", READERS)
@given(value=VALUES)
def test_whatever_a_field_holds_no_other_error_escapes(reader: str, value: object) -> None:
    fields = Fields({"field": value}, "a document")

    with suppress(DocumentDamaged):
        getattr(fields, reader)("field")


@pytest.mark.parametrize("value", [True, -1, LARGEST + 1, 1.0, "1", None, []])
def test_a_whole_number_is_one_within_its_bounds(value: object) -> None:  # fault 87
    with pytest.raises(DocumentDamaged, match="not a whole number from 0"):
        Fields({"size": value}, "a document").whole("size")


@pytest.mark.parametrize("value", ["2026-11-29", "2026-11-29T16:00:00", "noon", 5, None])
def test_a_moment_has_a_time_zone(value: object) -> None:
    with pytest.raises(DocumentDamaged, match="field at"):
        Fields({"at": value}, "a document").moment("at")


def test_the_value_of_a_damaged_field_is_never_shown() -> None:
    with pytest.raises(DocumentDamaged) as refused:
        Fields({"size": "hunter2"}, "a document").whole("size")

    assert "hunter2" not in str(refused.value)


def test_a_damaged_field_is_named_with_its_path() -> None:
    fields = Fields({"past": [{"at": "x"}, {}]}, "a document")

    with pytest.raises(DocumentDamaged, match=r"its field past\[1\].at is missing, not text"):
        fields.children("past")[1].text("at")
    with pytest.raises(DocumentDamaged, match="it is an array, not an object"):
        Fields([], "a document")


def test_the_error_survives_its_way_to_another_process() -> None:
    error = copy.copy(DocumentDamaged("it", "a reason", hint="mend it"))  # as pickle does it

    assert (error.message, error.hint) == ("it is damaged: a reason", "mend it")
