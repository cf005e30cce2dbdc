"""What kled writes is read as it was, and what it reads is bounded (faults 12, 63, 80)."""

from __future__ import annotations

import time
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import TextUnreadable
from kled.yaml_text import document, documents, to_text
from kled.yaml_text.scalars import is_plain, resolve
from tests.unit.yaml_text.yaml_rules import AMBIGUOUS, meanings

_LABELS = {"Backup": "Y", "account": "089012345678", "rack": "1e3"}


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_text_that_looks_like_something_else_stays_a_text(text: str) -> None:  # fault 12
    written = to_text([{"value": text, "list": [text], text: "key"}])
    assert document(written) == {"value": text, "list": [text], text: "key"}
    assert yaml.safe_load(written)["list"] == [text]


@pytest.mark.parametrize("text", [one for one in AMBIGUOUS if meanings(one)])
def test_no_plain_scalar_has_a_meaning_in_any_version_of_yaml(text: str) -> None:  # fault 12
    assert not is_plain(text)


@given(st.text())
def test_what_is_written_plain_has_no_meaning_in_any_version_of_yaml(text: str) -> None:
    assert not (is_plain(text) and meanings(text))


@given(st.from_regex(r"[-+.0-9a-fA-FxXoObB_:eETtZnNyY~ ]{1,24}", fullmatch=True))
def test_nothing_made_of_digits_and_signs_is_written_plain(text: str) -> None:
    assert not (is_plain(text) and meanings(text))


def test_names_that_are_clear_stay_readable() -> None:
    clear = [
        "us-east-1a",
        "t3.medium",
        "kops.k8s.io/v1alpha2",
        "s3://store/c.example.com",
        "10.0.0.0/8",
    ]
    clear += ["099720109477/ubuntu/images/x", "ami-0123456789abcdef0", "a b", "https://x.io:443/y"]
    assert to_text([{"list": clear}]) == "list:\n" + "".join(f"- {one}\n" for one in clear)


def test_order_of_keys_numbers_and_empty_values_stay() -> None:
    body = {"z": 1, "a": 2.5, "m": {}, "l": [], "n": None, "t": True, "b": {"y": -3, "x": 1e20}}
    written = to_text([body])
    assert document(written) == body
    assert list(document(written)) == list(body)


def test_a_script_of_several_lines_is_a_block() -> None:
    assert to_text([{"run": "#!/bin/sh\n\techo 1\n\nexit\n"}]) == (
        "run: |\n  #!/bin/sh\n  \techo 1\n\n  exit\n"
    )


@pytest.mark.parametrize(
    "value", [b"\x00", {1}, "\ud800", 2**64, date(2001, 1, 1), float("inf"), float("nan")]
)
def test_what_yaml_has_no_form_for_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=r"has no form|surrogates"):
        to_text([{"value": value}])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Y", True),
        ("off", False),
        ("~", None),
        ("089012345678", 89012345678.0),
        ("0755", 493),
        ("-0x1F", -31),
        ("1_000", 1000),
        ("0b101", 5),
        ("0o17", 15),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),  # fault 80: Python refuses to read it
        ("0" * 5000 + "7", 7),
        ("100000000000000000000", 1e20),
        ("12:30:45", "12:30:45"),
        ("2018-06-11T21:11:53Z", "2018-06-11T21:11:53Z"),
        ("18446744073709551615", 2**64 - 1),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("0x", "0x"),
    ],
)
def test_plain_scalars_are_what_go_yaml_takes_them_for(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_tags_are_kept_to() -> None:
    text = 'a: !!str 1\nb: !!float 2\nc: !!int "3"\ne: !other 5\nf: !!bool yes\ng: !!null ~'
    text += "\nh: !!binary aMOk"
    assert document(text) == {
        "a": "1",
        "b": 2.0,
        "c": 3,
        "e": "5",
        "f": True,
        "g": None,
        "h": "hä",
    }
    with pytest.raises(TextUnreadable, match="line 2: 'xyz' is no bool"):  # fault 80
        document("a: 1\nb: !!bool xyz")


def test_keys_are_texts_as_kops_makes_them() -> None:
    assert document("y: a\n0755: b\n? c\n: d\n") == {"true": "a", "493": "b", "c": "d"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb:\n  c: 2\n  c: 3\n", "line 4: key 'c' stands twice"),  # fault 63
        ('a: 1\n"a": 2\n', "line 2: key 'a' stands twice"),
        ("yes: 1\ntrue: 2\n", "line 2: key 'true' stands twice"),
        ("[a]: b", "line 1: a mapping or list cannot be a key"),
        ("~: b", "line 1: None cannot be a key"),
        ("1.5: b", "line 1: 1.5 cannot be a key"),
        ("a: *b", "line 1: anchor 'b' is not defined"),
        ("a: &b\n  - *b", "line 2: anchor 'b' contains itself"),
        ("a: b: c", "line 1: is no YAML: mapping values are not allowed"),
        ("a: [", "did not find|expected the node"),
        ("a: \x07", "control characters|special characters"),
        ("<<: 1", "line 1: << needs a mapping"),
        ("x: &x {a: 1}\ny:\n  a: 2\n  <<: *x", "line 4: << would change 'a'"),
        # members of fault 12: what kled and kops would read as two different things
        ("a: 1\n\ufeffb: 2\n", "line 2: begins with a byte order mark"),
        ("%YAML 1.2\n---\na: y\n", "kops reads YAML 1.1"),
        ("a: 1\nb: .inf\n", "line 2: '.inf' is a number that kops cannot hold"),
        ("a: .NaN\n", "line 1: '.NaN' is a number that kops cannot hold"),
        ("a: !!binary 'no base'\n", "line 1: !!binary holds no text"),
        ("a: !!binary /w==\n", "line 1: !!binary holds no text"),
    ],
)
def test_what_is_no_yaml_names_its_line(text: str, problem: str) -> None:
    with pytest.raises(TextUnreadable, match=problem.replace("[", r"\[")):
        documents(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(TextUnreadable):
        documents(b"a: \xff\xfe\xfd")
    with pytest.raises(TextUnreadable):
        documents("a: \ud800")


def test_anchors_and_merges_stand_for_what_they_name() -> None:
    text = "x: &x {a: 1, b: 2}\nv:\n  <<: *x\n  b: 3\nz: [*x, &s t, *s]\nw: {<<: [*x, {c: 4}]}\n"
    assert document(text) == {
        "x": {"a": 1, "b": 2},
        "v": {"a": 1, "b": 3},
        "z": [{"a": 1, "b": 2}, "t", "t"],
        "w": {"a": 1, "b": 2, "c": 4},
    }
    with pytest.raises(TextUnreadable, match="stands twice"):
        document("y: {<<: {a: 1}, b: 1, b: 2}")


def test_a_text_that_an_editor_elsewhere_saved_is_read() -> None:
    """With a byte order mark at its start, and with line ends of other systems."""
    assert document("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\n") == {"a": 1, "b": "x\ny\n"}
    assert document("\ufeffa: 1\n".encode()) == {"a": 1}
    assert document('a: "x\ufeff"\n') == {"a": "x\ufeff"}


def test_documents_without_content_are_left_out() -> None:
    assert documents("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]
    assert document("") is None
    with pytest.raises(TextUnreadable, match="more than one"):
        document("a: 1\n---\nb: 2\n")


_LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 30))
_BOMBS = {
    "a hundred thousand lists": "[" * 100_000,
    "a hundred thousand mappings": "{a: " * 100_000,
    "a hundred thousand dashes": "- " * 100_000,
    "as many levels of blocks": "".join(f"{' ' * n}a:\n" for n in range(2_000)),
    "keys within keys": "? " * 100_000,
    "a billion laughs": _LAUGHS,
    "aliases in a list": "a: &a [" + "x," * 1000 + "]\nb: [" + "*a," * 1000 + "]",
    "merges of merges": "a: &a {"
    + ",".join(f"k{n}: 1" for n in range(1000))
    + "}\n"
    + "".join(f"m{n}: {{<<: *a}}\n" for n in range(1000)),
    "a very long text": "a: " + "x" * (17 << 20),
    "very many values": "[" + "1," * 300_000 + "]",
}


@pytest.mark.parametrize("text", _BOMBS.values(), ids=_BOMBS.keys())
def test_a_bomb_is_refused_in_bounded_time(text: str) -> None:  # faults 80, 92
    began = time.process_time()
    with pytest.raises(TextUnreadable):
        documents(text)
    assert time.process_time() - began < 10
