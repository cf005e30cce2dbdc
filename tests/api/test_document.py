"""What docs/python.md shows runs, in its order, as one program; and its table has every method."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import kled.api
from kled.api import Overrides
from tests.api.test_exports import NOUNS
from tests.api.test_use_cases import USE_CASES
from tests.api.worlds import stored_cluster

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "python.md"
PROTECTED = "prod.example.com"


def blocks() -> Iterator[tuple[int, str]]:
    """Yield the blocks of Python, each with the line that it begins on."""
    text = DOCUMENT.read_text()
    for found in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text[: found.start(1)].count("\n"), found[1]


@pytest.mark.slow
def test_what_it_shows_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = stored_cluster(tmp_path)
    done = box.kops("create", "cluster", f"--name={PROTECTED}", "--zones=us-east-1a", "--cloud=aws")
    assert done.returncode == 0, done.stderr
    for name, value in {**box.env, "KLED_PROTECTED": "prod.*"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    names: dict[str, object] = {}
    for line, block in blocks():
        exec(compile("\n" * line + block, str(DOCUMENT), "exec"), names)  # noqa: S102 - our own

    assert PROTECTED not in {one.split("/")[0] for one in box.state()}
    assert "d.example.com/config" in box.state()


def test_its_table_names_every_method() -> None:
    text = DOCUMENT.read_text()
    named = {
        f"{noun}.{method}"
        for row in re.findall(r"^\| (`kled\..*?) \|\s(.*?)\|$", text, re.MULTILINE)
        for noun in re.findall(r"`kled\.(\w+)`", row[0])
        for method in re.findall(r"`(\w+)`", row[1])
    }
    methods = {name for names in USE_CASES.values() for name in names}

    assert methods <= named
    assert {name.partition(".")[0] for name in named} == set(NOUNS)


def test_it_names_every_guard_that_can_be_switched_off() -> None:
    text = DOCUMENT.read_text()

    assert [one.name for one in fields(Overrides) if f"`{one.name}`" not in text] == []


def test_it_names_only_errors_that_there_are() -> None:
    table = DOCUMENT.read_text().partition("## Errors")[2].partition("```")[0]
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", table)) - {"ValueError", "KledError"}

    assert named <= set(kled.api.__all__)
