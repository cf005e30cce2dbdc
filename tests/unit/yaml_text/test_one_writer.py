"""All YAML that goes to kops is written in one place (fault 12)."""

import ast
from pathlib import Path

import kled

ROOT = Path(kled.__file__).parent
READERS = {"kubernetes/client.py"}
"""Reads kubeconfigs, which kops writes."""
OWN = ("sandbox", "yaml_text")
"""The simulated kops shares no code with what drives it."""


def imports_yaml(module: Path) -> bool:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import) and any(one.name == "yaml" for one in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("yaml"):
            return True
    return False


def test_nothing_but_the_writer_knows_another_one() -> None:
    modules = [one for one in ROOT.rglob("*.py") if one.relative_to(ROOT).parts[0] not in OWN]

    found = {one.relative_to(ROOT).as_posix() for one in modules if imports_yaml(one)}

    assert len(modules) > 100
    assert found == READERS
    assert not any("dump" in (ROOT / one).read_text(encoding="utf-8") for one in READERS)
