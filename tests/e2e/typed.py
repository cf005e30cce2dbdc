"""kled's commands as an operator types them, and what tests read from their output."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Protocol

LIMIT_SECONDS = 300


class Kled(Protocol):
    """Runs `kled kops …` and returns what it did."""

    def __call__(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]: ...


def words(*args: str) -> list[str]:
    """Return the argv of `kled kops ARGS`."""
    return [sys.executable, "-m", "kled", "kops", *args]


def typed(kled_env: dict[str, str]) -> Kled:
    """Return a runner of kled in `kled_env`; leases of a killed one are short."""

    def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words(*args),
            env=kled_env | {"KLED_LEASE_TTL": "10"} | env,
            cwd=kled_env["HOME"],  # where create-cluster leaves its kubeconfig
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )

    return run


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    """Return the objects that a command printed as JSON."""
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the line that says what went wrong; there is one, and no traceback."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("kled: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]
