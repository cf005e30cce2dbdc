"""What Go reads and Python has a limit for: depth, long numbers, and the locale's signs.

The outcomes are those of kops 1.36.2, run with the same files.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from kled.sandbox.definition import go_yaml
from kled.sandbox.definition.go_quoted import quoted
from kled.sandbox.verbs import csv_values
from tests.sandbox.desk import Desk

C, OTHER = "c.example.com", "z.example.com"
GROUP = "instancegroup/nodes-us-east-1a"
DEEP = 5_000
EXTRANEOUS = 'extraneous or missing " in quoted-field'


def nested(indent: int = 0) -> str:
    """Return a map in a map, deeper than Python's encoders go."""
    return f"{' ' * indent}a: {'{a: ' * DEEP}x{'}' * DEEP}\n"


def listed(desk: Desk, *args: str) -> list[str]:
    return [row.split()[0] for row in desk.must("get", "clusters", *args).splitlines()[1:]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.create(C, "--node-count=1")
    desk.create(OTHER)
    return desk


@pytest.mark.parametrize("text", [nested(), f"? {'[' * DEEP}{']' * DEEP}\n: x\n"])
@pytest.mark.parametrize("output", ["table", "json", "yaml"])
def test_a_cluster_that_is_nested_too_deep_hides_no_other(
    desk: Desk, text: str, output: str
) -> None:
    (desk.state / C / "config").write_text(text)

    done = desk.run("get", "clusters", f"--output={output}")

    assert done.returncode == 0
    assert OTHER in done.stdout
    assert C not in done.stdout
    assert f'W cluster.go:84] cluster "{C}" found in state store' in _without_time(done.stderr)


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
@pytest.mark.parametrize("holder", ["", "  kubeDNS:\n    affinity:\n      nodeAffinity:\n"])
def test_the_depth_of_a_field_that_kops_drops_does_not_matter(
    desk: Desk, output: str, holder: str
) -> None:
    with (desk.state / C / "config").open("a") as file:
        file.write(holder + nested(8 if holder else 2))

    done = desk.run("get", "clusters", f"--output={output}")

    assert done.returncode == 0
    assert C in done.stdout
    assert "cannot be loaded" not in done.stderr


def test_a_dropped_field_may_have_a_point_in_its_name(desk: Desk) -> None:
    with (desk.state / C / "config").open("a") as file:
        file.write("  a.b: 1\n  kubelet: {c.d/e: [1]}\n")  # was a missing key

    assert listed(desk) == [C, OTHER]


@pytest.mark.parametrize("words", [("get", "ig"), ("update", "cluster"), ("get", "all")])
def test_a_group_that_is_nested_too_deep_is_named(desk: Desk, words: tuple[str, str]) -> None:
    (desk.state / C / GROUP).write_text(nested())

    done = desk.run(*words, f"--name={C}")

    assert done.returncode == 1
    assert f"error parsing {desk.state}/{C}/{GROUP}: Object 'Kind' is missing in " in done.stderr
    assert "simulated kops cannot" not in done.stderr


@pytest.mark.parametrize(
    "number", ["1" * 5000, "1" * 400, "-" + "9" * 400, "1e999", "0x" + "f" * 300]
)
def test_a_number_that_go_has_no_type_for_is_a_text(number: str) -> None:
    assert go_yaml.resolve(number) == number


def test_a_number_is_never_longer_than_it_is_read() -> None:
    assert go_yaml.resolve("1" * 20) == 11111111111111111111
    assert go_yaml.resolve("1" + "0" * 30) == 1e30


def test_a_warning_has_a_name_in_quotes_on_one_line(desk: Desk) -> None:
    odd = "new\nline\x1b[31m.example.com"
    (desk.state / odd).mkdir()
    (desk.state / odd / "config").write_text("a: [\n")

    told = desk.run("get", "clusters").stderr

    assert 'cluster "new\\nline\\x1b[31m.example.com" found in state store' in told
    assert 'cluster configuration "new\\nline\\x1b[31m.example.com": error parsing' in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a", '"a"'),
        ('"\\', '"\\"\\\\"'),
        ("\n\r\t\a\b\f\v", '"\\n\\r\\t\\a\\b\\f\\v"'),
        ("\0\x1b\x7f", '"\\x00\\x1b\\x7f"'),
        ("\x85\u202e\U000e0001", '"\\u0085\\u202e\\U000e0001"'),
        ("é\udcff", '"é\\xff"'),
    ],
)
def test_quotes_are_those_of_go(text: str, told: str) -> None:
    assert quoted(text) == told


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("a=b,c=d", ["a=b", "c=d"]),
        ("a=b\nc: d", ["a=b"]),
        ("\n\r\na=b\r\n", ["a=b"]),
        ("a=\rb", ["a=\rb"]),
        ('"a=b,c"', ["a=b,c"]),
        ('"a=b\nc",d', ["a=b\nc", "d"]),
        ('a="b"c', ['a="b"c']),
        ('"a=b', ["a=b"]),
        ('"a""b"c,"', ['a"b"c,']),
        (",", ["", ""]),
    ],
)
def test_the_values_of_set_are_those_of_go_s_csv(text: str, values: list[str]) -> None:
    assert csv_values.values(text, lazy=True) == values


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ('--unset=a="b"c', 'parse error on line 1, column 3: bare " in non-quoted-field'),
        ('--unset="a', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'),
        (
            '--unset=a,"b\nc"d',
            f"record on line 1; parse error on line 2, column 2: {EXTRANEOUS}",
        ),
        ("--unset=\n", "EOF"),
        ("--set=\n", 'stringSliceValue "\\n": EOF'),
    ],
)
def test_quotes_that_are_no_csv_are_a_usage_error(desk: Desk, flag: str, told: str) -> None:
    done = desk.run("edit", "cluster", C, flag)

    name, _, value = flag.partition("=")
    assert f'Error: invalid argument {quoted(value)} for "{name}" flag: {told}\n' in done.stderr
    assert "Usage:\n" in done.stderr


@pytest.mark.parametrize(
    "words", [("edit", "cluster"), ("edit", "ig", GROUP.partition("/")[2]), ("create", "cluster")]
)
def test_a_line_feed_in_a_value_ends_it(desk: Desk, words: tuple[str, ...]) -> None:
    done = desk.run(*words, f"--name={C}", "--set=spec.cloudLabels=f=a\nb: c", "--zones=us-east-1a")

    assert "simulated kops cannot" not in done.stderr


def test_kops_speaks_utf_8_whatever_the_locale_says(desk: Desk) -> None:
    desk.edit(f"{C}/config", lambda cluster: cluster["spec"].update(cloudLabels={"k": "größe ☃"}))

    command = [sys.executable, "-m", "kled.sandbox", "get", "clusters", C, "--output=json"]
    ascii_only = {**desk.env, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = subprocess.run(command, env=ascii_only, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert '"k":"größe ☃"'.encode() in done.stdout


def _without_time(text: str) -> str:
    return "\n".join(
        f"{line[0]} {line.split(maxsplit=3)[3]}" if line[:1] in {"I", "W"} else line
        for line in text.splitlines()
    )
