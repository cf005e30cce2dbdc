"""A sandbox that tests drive as an operator does: real processes, its own home and state store."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from kled.sandbox import control
from tests.boxes import measured

FAST = 2000.0
"""Simulated seconds in a second, for tests that wait."""


@dataclass(frozen=True)
class Done:
    """A call that ended."""

    returncode: int
    stdout: str
    stderr: str


class KopsBox:
    """One sandbox; `run` is one call of its kops."""

    def __init__(self, directory: Path, *, speed: float = FAST) -> None:
        self.sandbox = control.start(directory, speed=speed)
        self.env = {
            **control.environment(directory),
            **measured(),
            "KOPS_RSA_PRIVATE_KEY_SIZE": "1024",
            "USER": "tester",
        }

    @property
    def directory(self) -> Path:
        """Where the sandbox is."""
        return self.sandbox.directory

    @property
    def state(self) -> Path:
        """The state store's directory."""
        return self.directory / "state"

    def run(self, *args: str, stdin: str = "", **env: str) -> Done:
        """Run kops once, to its end."""
        done = subprocess.run(
            [self.sandbox.kops, *args],
            env={**self.env, **env},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def must(self, *args: str, **env: str) -> str:
        """Run kops, which must succeed; return its stdout."""
        done = self.run(*args, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create(self, name: str, *args: str) -> None:
        """Create a small cluster (more flags in `args`) without applying it."""
        zones = () if any(a.startswith("--zones") for a in args) else ("--zones=eu-west-1b",)
        self.must(
            "create", "cluster", f"--name={name}", "--cloud=aws", "--image=ami-1", *zones, *args
        )

    def keys(self) -> set[str]:
        """Return the state store's keys."""
        return {str(p.relative_to(self.state)) for p in self.state.rglob("*") if p.is_file()}
