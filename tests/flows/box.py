"""A sandbox for flows, and an observer that remembers."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kled.errors import KledError
from kled.operations.runner import Row
from kled.operations.session import Session
from kled.operations.step import Step
from tests import boxes
from tests.boxes import Box

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


def make_box(directory: Path, *, started: bool) -> Box:
    """Start a sandbox; each kops of it is `started`, or it is forked, which is faster."""
    box = boxes.make_box(directory / "box", started=started, speed=6000, api_idle=60)
    del box.env["KLED_LEASE_TTL"]  # a flow's lease outlives what Prefect does between its tasks
    box.env |= {
        "KLED_HOME": str(directory / "kled"),
        "AWS_SECRET_ACCESS_KEY": PLANTED,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
    }
    return box
