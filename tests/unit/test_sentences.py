"""Parts of the sentences that people read."""

import ast
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import kled
from kled.sentences import and_more, duration, enumerated, first_of, number, options


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    names = ["a", "b", "c", "d"]

    assert [enumerated(names[:count], 2) for count in range(5)] == [
        "",
        "a",
        "a, b",
        "a, b and 1 more",
        "a, b and 2 more",
    ]


def test_so_do_parts_of_a_sentence_that_have_commas_of_their_own() -> None:
    assert first_of([], 2) == ""
    assert first_of(["a", "b"], 2) == "a; b"
    assert first_of(["a", "b", "c"], 2) == "a; b; and 1 more"
    assert [and_more(count, 2, before="- ") for count in (2, 5)] == ["", "- and 3 more"]


def test_options_are_what_a_shell_takes_for_them() -> None:
    line = options(
        name="c.example.com",
        file=Path("/tmp/a b's.yaml"),
        set=("spec.etcdClusters[*].version=3.6.6", "spec.cloudLabels.a=$HOME"),
        instance_group=None,
        to="",
        force=False,
        yes=True,
    )

    assert shlex.split(line) == [
        "--name=c.example.com",
        "--file=/tmp/a b's.yaml",
        "--set=spec.etcdClusters[*].version=3.6.6",
        "--set=spec.cloudLabels.a=$HOME",
        "--yes",
    ]
    assert "--name=c.example.com --file='/tmp/a b" in line  # no quotes where none are needed


PLAIN = {
    *("cluster", "_cluster", "version", "following", "id", "snapshot", "good", "digest"),
    *("minimum", "maximum", "_quoted", "account"),
}
"""Values that are checked before they are anything, or quoted: a shell takes each as it is."""


def _unquoted(tree: ast.AST) -> Iterator[str]:
    for text in (one for one in ast.walk(tree) if isinstance(one, ast.JoinedStr)):
        before = ""
        for part in text.values:
            if isinstance(part, ast.Constant):
                before = str(part.value)
            elif isinstance(part, ast.FormattedValue):
                value = ast.unparse(part.value)
                plain = value.rpartition(".")[2] in PLAIN or value in {"name", "spec.name"}
                plain = plain or value.isupper()
                if re.search(r"--[a-z][a-z-]*[= ]$", before) and not (
                    plain or isinstance(part.value, ast.Call) or "digest[" in value
                ):
                    yield f"{text.lineno}: {value}"
                before = ""


def test_what_people_are_told_to_type_is_quoted_in_one_place() -> None:
    """No text puts a value behind an option by itself, and nothing else quotes for a shell."""
    root = Path(kled.__file__).parent
    others = {root / "kops" / "command.py", root / "kops" / "call.py", root / "sentences.py"}
    others.add(root / "redact" / "values.py")  # it knows how a shell spells a secret
    files = [*root.rglob("*.py"), *(root.parent / "flows").glob("*.py")]

    wrong = [
        f"{path.relative_to(root.parent)}:{line}"
        for path in files
        if path not in others
        and root / "sandbox" not in path.parents
        and "emulators" not in path.parts
        for line in (
            *_unquoted(ast.parse(path.read_text())),
            *(["shlex.quote"] if "shlex.quote" in path.read_text() else []),
            *(["shlex.join"] if "shlex.join" in path.read_text() else []),
        )
    ]

    assert not wrong, "\n".join(wrong)


def test_one_is_no_plural() -> None:  # fault 37
    assert [number(count, "difference") for count in range(3)] == [
        "0 differences",
        "1 difference",
        "2 differences",
    ]


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (timedelta(seconds=20), "20 seconds"),  # it was 0.333333 minutes
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(milliseconds=500), "0.5 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(minutes=150), "2 hours 30 minutes"),
        (timedelta(hours=1), "1 hour"),
    ],
)
def test_a_length_of_time_is_told_as_people_say_it(length: timedelta, told: str) -> None:
    assert duration(length) == told


def test_no_length_of_time_is_told_in_fractions_of_minutes() -> None:
    """Another member: what was said of a lock, of a drain and of a child that took too long."""
    root = Path(kled.__file__).parent
    fractions = re.compile(r"/ 60:g\}")

    assert [
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if fractions.search(path.read_text())
    ] == []
