"""What `kled.api` gives to others: these names, typed, and cheap to import."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import kled.api
from kled import errors
from kled.api import Kled

HEAVY = ("pydantic", "yaml", "boto3", "google.cloud", "azure", "prefect", "rich", "click")
NOUNS = {
    name: value.fget.__annotations__["return"]
    for name, value in vars(Kled).items()
    if isinstance(value, property) and value.fget is not None
}


def test_every_name_is_there_once_and_in_order() -> None:
    assert list(kled.api.__all__) == sorted(set(kled.api.__all__))
    for name in kled.api.__all__:
        assert getattr(kled.api, name) is getattr(kled.api, name)
    assert set(kled.api.__all__) <= set(dir(kled.api))


def test_what_is_imported_late_is_what_a_type_checker_sees() -> None:
    tree = ast.parse(Path(inspect.getsourcefile(kled.api) or "").read_text())
    typed = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    late = {
        name: where if ":" in where else f"{where}:{name}" for name, where in kled.api._LATE.items()
    }

    assert late == typed


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Klad'"):
        kled.api.Klad  # type: ignore[attr-defined]  # noqa: B018 - what is missing is the test


def test_each_error_is_one_of_kleds_own() -> None:
    raised = [getattr(kled.api, name) for name in kled.api.__all__]
    raised = [value for value in raised if isinstance(value, type)]
    own = [one for one in raised if issubclass(one, Exception)]

    assert errors.KledError in own
    assert all(one.__module__.rpartition(".")[0] == errors.__name__ for one in own)


def test_importing_it_costs_little() -> None:
    script = f"import sys, kled.api; print([one for one in {HEAVY} if one in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("noun", NOUNS)
def test_each_method_says_what_it_does_and_has_types(noun: str) -> None:
    made = getattr(Kled(environment={}, state_store="file:///nowhere"), noun)

    for name, method in inspect.getmembers(made, inspect.ismethod):
        if not name.startswith("_"):
            assert inspect.getdoc(method), name
            assert "return" in method.__annotations__, name
    assert type(made).__name__ == NOUNS[noun].strip('"')
