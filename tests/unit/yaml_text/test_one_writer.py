"""All YAML is written, and read, in one place (faults 12, 92: others had no bounds)."""

import ast
from pathlib import Path

import kled

ROOT = Path(kled.__file__).parent.parent
OWN = ("kled/sandbox/", "kled/yaml_text/")
"""The simulated kops shares no code with what drives it."""


def imports_yaml(module: Path) -> bool:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import) and any(one.name == "yaml" for one in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("yaml"):
            return True
    return False


def test_nothing_but_the_one_reader_and_writer_knows_another_one() -> None:
    rooms = ("kled", "flows", "tasks", "deployments")
    modules = [one for room in rooms for one in (ROOT / room).rglob("*.py")]

    found = {one.relative_to(ROOT).as_posix() for one in modules if imports_yaml(one)}

    assert len(modules) > 100
    assert {one for one in found if not one.startswith(OWN)} == set()
