"""A sandbox for flows whose kops writes down each of its calls, and an observer that remembers."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kled import config
from kled.errors import KledError
from kled.operations.runner import Row
from kled.operations.session import Session
from kled.operations.step import Step
from kled.sandbox import control
from tests.boxes import CountedKops, count_calls, measured
from tests.forking import fork_kops

PLANTED = "planted/secret+key0123456789abcdefghij"


@dataclass
class Memory:
    """An observer that remembers."""

    events: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def started(self, step: Step) -> None:
        self.events.append(f"started {step.name}")

    def retried(self, step: Step, error: KledError) -> None:
        self.events.append(f"retried {step.name}: {type(error).__name__}")

    def ended(self, row: Row) -> None:
        self.events.append(f"{row.outcome} {row.step}")

    def line(self, line: str) -> None:
        self.lines.append(line)

    def note(self, words: str) -> None:
        self.notes.append(words)

    def waits(self, _what: str, lines: Sequence[str]) -> None:
        self.told.extend(lines)

    def opened(self, _session: Session) -> None:
        """Nothing to remember."""


@dataclass(frozen=True)
class FlowBox:
    """A sandbox for flows."""

    directory: Path
    env: dict[str, str]
    counted: CountedKops

    def settings(self, **more: str) -> config.Settings:
        return config.load(self.env | more)

    def calls(self, verb: str = "") -> list[str]:
        """Return the command lines of the real kops processes that were started."""
        return self.counted.calls(verb)

    def kops(self, *args: str) -> str:
        """Run the simulated kops itself, uncounted, and return its stdout; it must succeed."""
        program = str(self.directory / "bin" / "kops")
        return subprocess.run(
            [program, *args], env=self.env, capture_output=True, text=True, check=True
        ).stdout


def make_box(directory: Path, *, started: bool) -> FlowBox:
    """Start a sandbox; each kops of it is `started`, or it is forked, which is faster."""
    sandbox = control.start(directory / "box", speed=6000, api_idle=60)
    if not started:
        fork_kops(sandbox.directory)
    counted = count_calls(directory, sandbox.kops)
    env = (
        control.environment(sandbox.directory)
        | measured()
        | {
            "KLED_KOPS": str(counted.program),
            "KLED_HOME": str(directory / "kled"),
            "AWS_SECRET_ACCESS_KEY": PLANTED,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        }
    )
    return FlowBox(sandbox.directory, env, counted)
