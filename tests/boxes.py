"""A sandbox to test in, and `kled` as a process in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from kled import config
from kled.sandbox import control
from tests import forking

SPEED = 20_000.0


@dataclass(frozen=True)
class CountedKops:
    """A kops that writes down each of its calls before it makes it."""

    program: Path
    file: Path

    def calls(self, verb: str = "") -> list[str]:
        """Return the calls that begin with `verb`, each as its words."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [line for line in lines if line.startswith(verb)]


def count_calls(directory: Path, kops: Path, *, after_call: str = "") -> CountedKops:
    """Return `kops` with its calls counted in `directory`; `after_call` is run after each one.

    That is shell, in which `$n` is the call's number and `$PPID` is kled.
    """
    counted = CountedKops(directory / "counting-kops", directory / "calls")
    counted.program.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {counted.file}\n'
        f"n=$(wc -l < {counted.file})\n"
        + (f'{kops} "$@"; code=$?\n{after_call}\nexit $code\n' if after_call else "")
        + (f'exec {kops} "$@"\n' if not after_call else "")
    )
    counted.program.chmod(0o755)
    return counted


@dataclass
class Box:
    """A sandbox and the environment that makes every command work against it."""

    directory: Path
    env: dict[str, str]
    counted: CountedKops
    started: bool
    killed: list[str] = field(default_factory=list)

    @property
    def program(self) -> Path:
        """The simulated kops itself."""
        return self.directory / "bin" / "kops"

    @property
    def state_store(self) -> Path:
        """The directory of the state store."""
        return self.directory / "state"

    def kled(
        self, *args: str, env: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run kled to its end."""
        env = {**self.env, **(env or {})}
        return forking.run_kled(*args, env=env, cwd=self.directory, stdin=stdin)

    def kops(
        self, *args: str, env: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the simulated kops itself, uncounted, to its end."""
        env = {**self.env, **(env or {})}
        if not self.started:
            return forking.run_kops(*args, env=env, stdin=stdin)
        return subprocess.run(
            [self.program, *args],
            env=env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def must(self, *args: str) -> str:
        """Run the simulated kops itself, uncounted; it must succeed. Return its stdout."""
        done = self.kops(*args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def calls(self, verb: str = "") -> list[str]:
        """Return the kops calls that kled made, each as its words; those that begin with `verb`."""
        return self.counted.calls(verb)

    def settings(self, **more: str) -> config.Settings:
        """Return the settings that kled has here."""
        return config.load(self.env | more)

    def state(self) -> dict[str, bytes]:
        """Return every object of the state store but the leases."""
        root = self.state_store
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not str(path.relative_to(root)).startswith(".kled/")
        }

    def copy_to(self, directory: Path) -> Box:
        """Return a copy of this sandbox as it is now; its definitions name the copy's places."""
        shutil.copytree(self.directory, directory)
        copy = make_box(directory, started=self.started)
        old, new = bytes(self.state_store), bytes(copy.state_store)
        for path in (path for path in copy.state_store.rglob("*") if path.is_file()):
            path.write_bytes(path.read_bytes().replace(old, new))
        return copy


def make_box(
    directory: Path,
    *,
    after_call: str = "",
    started: bool = False,
    speed: float = SPEED,
    api_idle: float = 30.0,
) -> Box:
    """Start a sandbox whose kops counts its calls; `after_call` is that of `count_calls`.

    Each kops is `started`, or it is forked,
    which is faster: then nobody finds it among the processes (`tests.processes.simulated`).
    """
    control.start(directory, speed=speed, api_idle=api_idle)
    if not started:
        forking.fork_kops(directory)
    counted = count_calls(directory, directory / "bin" / "kops", after_call=after_call)
    env = control.environment(directory, path=os.environ.get("PATH", os.defpath))
    env |= {"KLED_KOPS": str(counted.program), "KLED_LEASE_TTL": "6"}
    env |= measured()
    return Box(directory, env, counted, started=started)


def measured() -> dict[str, str]:
    """Return the variables that make a child count branches, where the tests' own are counted."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
