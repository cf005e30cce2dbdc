"""The example, as whoever integrates kled would have it: one import, typed, run in a sandbox."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.worlds import C
from tests.boxes import Box

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "python_program.py"


def test_it_imports_nothing_of_kled_but_the_interface() -> None:
    tree = ast.parse(EXAMPLE.read_text())
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    others = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}

    assert others == {"kled.api"}


@pytest.mark.slow
def test_it_runs(box: Box, tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    env = {**box.env, "KLED_SNAPSHOT_STORE": (tmp_path / "snapshots").as_uri()}
    for _ in range(2):  # what is done already is not done again
        done = subprocess.run(
            [sys.executable, EXAMPLE, C, "us-east-1a"],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    assert f"{C}: nothing to change" in done.stdout
    assert f"{C}: 3 nodes ready" in done.stdout
    assert (tmp_path / f"kubeconfig-{C}").stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_a_refusal_is_its_exit_status(box: Box, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLE, "no name", "us-east-1a"],
        env=box.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_strict_type_checker_has_nothing_to_say_of_it_elsewhere(tmp_path: Path) -> None:
    """As a program of its own, which knows kled by its installed types alone."""
    program = tmp_path / "program.py"
    program.write_text(EXAMPLE.read_text() + "\nreveal_type(Kled.from_environment().clusters)\n")
    (tmp_path / "wrong.py").write_text(
        "from kled.api import Kled, Klad\n\n"
        'Kled.from_environment().clusters.update("c", diggest="0")\n'
    )

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "program.py", "wrong.py"],
        env={**os.environ, "MYPY_CACHE_DIR": str(tmp_path / "cache")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    lines = [line for line in done.stdout.splitlines() if ": note: " not in line]
    assert 'Revealed type is "kled.api.clusters.Clusters"' in done.stdout
    assert len(lines) == 3, done.stdout
    assert '"Klad"' in lines[0]
    assert '"diggest"' in lines[1]
    assert lines[2].startswith("Found 2 errors in 1 file")
