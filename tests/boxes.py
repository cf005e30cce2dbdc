"""A sandbox to test in, and `kled` as a process in it."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from kled.sandbox import control
from tests import forking

SPEED = 20_000.0


@dataclass
class Box:
    """A sandbox and the environment that makes every command work against it."""

    directory: Path
    env: dict[str, str]
    calls_file: Path
    started: bool
    killed: list[str] = field(default_factory=list)

    def kled(
        self, *args: str, env: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run kled to its end."""
        env = {**self.env, **(env or {})}
        return forking.run_kled(*args, env=env, cwd=self.directory, stdin=stdin)

    def kops(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the simulated kops itself, uncounted."""
        return forking.run_kops(*args, env=self.env)

    def calls(self) -> list[str]:
        """Return the kops calls that kled made, each as its words."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def state(self) -> dict[str, bytes]:
        """Return every object of the state store but the leases."""
        root = self.directory / "state"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not str(path.relative_to(root)).startswith(".kled/")
        }


def make_box(directory: Path, *, after_call: str = "", started: bool = False) -> Box:
    """Start a sandbox whose kops counts its calls; `after_call` is shell run after each one.

    In it `$n` is the call's number and `$PPID` is kled. Each kops is `started`, or it is forked,
    which is faster: then nobody finds it among the processes (`tests.processes.simulated`).
    """
    control.start(directory, speed=SPEED, api_idle=30.0)
    if not started:
        forking.fork_kops(directory)
    counting, calls = directory / "counting-kops", directory / "calls"
    counting.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {calls}\n'
        f"n=$(wc -l < {calls})\n"
        + (f'{directory}/bin/kops "$@"; code=$?\n{after_call}\nexit $code\n' if after_call else "")
        + (f'exec {directory}/bin/kops "$@"\n' if not after_call else "")
    )
    counting.chmod(0o755)
    env = control.environment(directory, path=os.environ.get("PATH", os.defpath))
    env |= {"KLED_KOPS": str(counting), "KLED_LEASE_TTL": "6"}
    env |= measured()
    return Box(directory, env, calls, started=started)


def measured() -> dict[str, str]:
    """Return the variables that make a child count branches, where the tests' own are counted."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
