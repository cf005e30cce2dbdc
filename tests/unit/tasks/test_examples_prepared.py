"""An example that is run without a Prefect server waits until the one that it starts is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PATIENCE = "get_current_settings().server.ephemeral.startup_timeout_seconds"


@pytest.mark.parametrize(
    "example",
    sorted(
        path.stem
        for path in (ROOT / "examples").glob("*.py")
        if "from prefect import" in path.read_text()
    ),
)
def test_an_example_gives_its_server_time_to_start(example: str, tmp_path: Path) -> None:
    """It gave up after 20 seconds, which a busy machine takes for the migrations alone."""
    env = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
    program = f"""
import examples.{example}
from prefect.settings import get_current_settings
print({PATIENCE})
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**env, "HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "180\n"
