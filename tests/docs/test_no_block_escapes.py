"""Every block of the documents is typed, or stands here with the reason and the test that reads it.

`reading.blocks` yields those of `sh`, the scripts of pipelines and what is indented. A block in
another language could hold commands that nobody runs: `docs/storage.md` had two, as `text`.
"""

import ast
import importlib
import re
import subprocess
import textwrap
from pathlib import Path
from typing import Final

import pytest

from deployments import environment
from kled import config
from kled.snapshot.documents import names, signed
from tests.docs import reading
from tests.docs.reading import ROOT, Fence

HERE: Final = "tests/docs/test_no_block_escapes.py"
_PYTHON: Final = (
    "a program; the blocks of the document are run as one",
    "tests/api/test_document.py",
)
_SETTINGS: Final = ("settings, read below as the settings file is", HERE)
NOT_TYPED: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("docs/approvals.md", "[[maintenance-windows]]"): _SETTINGS,
    ("docs/snapshots.md", '[state-stores."s3://acme-kops-state"]'): _SETTINGS,
    ("docs/flows.md", "work-pool: kled-production"): ("an environment, read below", HERE),
    ("docs/flows.md", "from prefect import flow"): (
        "a part of a flow, whose names are looked up below; whole ones are in examples/",
        "tests/flows/test_examples.py",
    ),
    ("docs/python.md", "from kled.api import Kled"): _PYTHON,
    ("docs/python.md", "from kled.api import NotApproved, Overrides"): _PYTHON,
    ("docs/python.md", "in_an_emergency = kled.overriding(Overrides(no_window=True))"): _PYTHON,
    ("docs/python.md", "from kled.api import SnapshotNotTrustworthy"): _PYTHON,
    ("docs/python.md", "import os"): _PYTHON,
    ("docs/python.md", "from kled.api import LeaseHeld, parse_spec"): _PYTHON,
    ("docs/python.md", "from kled.api import Observer, Row"): _PYTHON,
    ("docs/architecture.md", "schedules ─┐"): (
        "a drawing",
        "tests/docs/test_architecture_drawn.py",
    ),
    ("docs/architecture.md", "flowchart LR"): (
        "a drawing, made from the code",
        "tests/docs/test_architecture_drawn.py",
    ),
    ("docs/snapshot-format.md", "kled.json"): ("names of objects, compared below", HERE),
    ("docs/snapshot-format.md", "kled snapshot document 2"): (
        "lines that a signature signs; the first is looked up below",
        HERE,
    ),
}
"""The document and the beginning of the first line of what is not typed: why, and who reads it."""
WRITTEN: Final = ("docs/reference/", "tests/docs/test_reference_written.py")
"""Documents that are written from the code, and what compares them with it."""
_COMMAND: Final = re.compile(r"^\s*(?:export|eval|kled|kops|make|prefect|aws|kubectl|pip) [\w-]")
_NOT_COMMANDS: Final = frozenset({"kled snapshot document 2"})
TOP: Final = (
    names.ROOT,
    names.CLUSTERS,
    names.FAILED,
    names.BLOBS,
    names.RUNS,
    names.PRUNES,
    names.SWEEPS,
    names.PROBE,
    names.CLAIMS,
)
OUTSIDE: Final = {
    "tests/captures/etcd/README.md": "says where recordings come from",
    "tests/cases/README.md": "says what the inputs of tests are",
}
"""Texts of the repository that nobody reads as a document of the product."""
FENCES: Final = [fence for each in reading.documents() for fence in reading.fences(each)]


def row(fence: Fence) -> tuple[str, str] | None:
    """Return the row of a block; None: it has none."""
    first = fence.lines[0].strip() if fence.lines else ""
    found = [key for key in NOT_TYPED if key[0] == fence.document and first.startswith(key[1])]
    return max(found, key=lambda key: len(key[1]), default=None)


def untyped() -> list[Fence]:
    """Return the blocks of which nothing is typed."""
    typed = {(one.document, line) for d in reading.documents() for one in reading.blocks(d)
             for line in range(one.line, one.line + len(one.lines))}  # fmt: skip
    return [
        fence
        for fence in FENCES
        if not fence.document.startswith(WRITTEN[0])
        and not any((fence.document, n) in typed for n in range(fence.line, fence.end))
    ]


def test_every_text_of_the_repository_is_a_document_or_says_why_not() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert set(listed.stdout.split()) == {*reading.documents(), *OUTSIDE}


def test_every_block_is_typed_or_has_its_reason() -> None:
    escaped = [f"{one.document}:{one.line}" for one in untyped() if row(one) is None]

    assert escaped == []
    assert {row(one) for one in untyped()} == set(NOT_TYPED), "a row of a block that is gone"


@pytest.mark.parametrize("key", NOT_TYPED, ids=lambda key: f"{key[0]} {key[1]}")
def test_what_is_not_typed_is_no_command_and_its_reader_is_there(key: tuple[str, str]) -> None:
    _, place = NOT_TYPED[key]

    assert (ROOT / place).is_file()
    assert (ROOT / WRITTEN[1]).is_file()
    blocks = [one for one in untyped() if row(one) == key]
    wrong = [
        line
        for one in blocks
        for line in one.lines
        if one.language != "python"
        and "─" not in line
        and _COMMAND.match(line)
        and line.strip() not in _NOT_COMMANDS
    ]
    assert wrong == []


def block(document: str, first: str) -> str:
    """Return the text of a block that is not typed."""
    (found,) = [one for one in untyped() if row(one) == (document, first)]
    return textwrap.dedent("\n".join(found.lines)) + "\n"


@pytest.mark.parametrize("key", [key for key, said in NOT_TYPED.items() if said == _SETTINGS])
def test_settings_of_the_documents_are_read(key: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block(*key))

    config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(file)})


def test_the_environment_of_the_documents_is_one(tmp_path: Path) -> None:
    (tmp_path / "production.yaml").write_text(block("docs/flows.md", "work-pool: kled-production"))

    found = environment.find("production", (tmp_path,))

    assert found.work_pool == "kled-production"


@pytest.mark.prefect
def test_what_a_flow_of_the_documents_imports_is_there() -> None:
    tree = ast.parse(block("docs/flows.md", "from prefect import flow"))

    for one in tree.body:
        if isinstance(one, ast.ImportFrom):
            module = importlib.import_module(str(one.module))
            assert [name.name for name in one.names if not hasattr(module, name.name)] == []


def test_the_layout_of_the_documents_names_what_a_snapshot_store_has() -> None:
    text = block("docs/snapshot-format.md", "kled.json")
    parts = {line.split()[0].partition("/")[0] for line in text.splitlines()}

    assert parts == {one.rstrip("/") for one in TOP}


def test_what_a_signature_signs_begins_as_the_documents_say() -> None:
    first = block("docs/snapshot-format.md", "kled snapshot document 2").splitlines()[0]

    assert first in Path(signed.__file__).read_text(encoding="utf-8")
