"""The library of tasks: what a team finds in an editor, and that no task is a whole operation."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import tasks
from kled.errors import SettingsError
from kled.models.spec import ClusterSpec
from kled.operations.guards.guards import (
    APPLIES,
    CREATES,
    DELETES,
    EDITS,
    FORGETS,
    READS,
    ROLLS,
    ROTATES,
    STORES,
)
from kled.operations.step import Step
from tasks import cluster, health
from tasks.running.task import KopsTask

C = "c.example.com"
MODULES = [one.name for one in pkgutil.iter_modules(tasks.__path__) if not one.ispkg]


def library() -> Iterator[tuple[str, KopsTask[..., object]]]:
    for name in MODULES:
        for value in vars(importlib.import_module(f"tasks.{name}")).values():
            if isinstance(value, KopsTask):
                yield f"{name}.{value.called}", value


LIBRARY = dict(library())


@pytest.mark.parametrize("name", list(LIBRARY))
def test_a_task_says_its_contract_and_its_types(name: str) -> None:
    task = LIBRARY[name]
    assert task.__doc__
    signature = inspect.signature(task.step)
    assert all(one.annotation is not one.empty for one in signature.parameters.values())
    assert next(iter(signature.parameters)) in {"cluster", "group", "look", "spec", "wish"}


def test_no_module_of_the_library_runs_an_operation() -> None:
    for name in MODULES:
        tree = ast.parse((Path(tasks.__path__[0]) / f"{name}.py").read_text())
        imported = {one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
        assert {one for one in imported if one and one.startswith("tasks")} <= {
            "tasks.running.task"
        }


@pytest.mark.parametrize("path", sorted(Path("examples").glob("*.py")), ids=str)
def test_a_team_needs_public_names_alone(path: Path) -> None:
    imported = {
        one.module
        for one in ast.walk(ast.parse(path.read_text()))
        if isinstance(one, ast.ImportFrom) and one.module
    }

    assert {one for one in imported if one.startswith("kled")} <= {"kled.api"}


def test_a_task_describes_a_step_without_performing_it() -> None:
    step = health.validate_cluster.step(C)

    assert isinstance(step, Step)
    assert step.name == "validate cluster"
    assert cluster.check_settings.step(ClusterSpec(name=C, zones=("us-east-1a",))).reads


@pytest.mark.parametrize("how", ["submit", "map", "delay"])
def test_a_task_is_not_handed_to_another_thread(how: str) -> None:
    with pytest.raises(SettingsError, match="is not a task for") as refused:
        getattr(cluster.update_cluster, how)(C)

    assert "call it: update_cluster(...)" in str(refused.value.hint)


def test_guards_cover_what_protects_from_no_more() -> None:
    everything = (READS, STORES, EDITS, ROLLS, ROTATES, APPLIES, CREATES, DELETES, FORGETS)
    covered = {
        name: [one for one in everything if guards.covers(one)]
        for name, guards in (("applies", APPLIES), ("creates", CREATES), ("reads", READS))
    }

    assert covered == {
        "applies": [READS, STORES, EDITS, ROLLS, ROTATES, APPLIES],
        "creates": [READS, STORES, EDITS, ROLLS, ROTATES, APPLIES, CREATES],
        "reads": [READS, STORES],
    }
    assert not DELETES.covers(EDITS)
    assert not STORES.covers(READS)
