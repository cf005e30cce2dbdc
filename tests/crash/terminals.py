"""A terminal that a test interrupts: a command in a process group of its own."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from kled.cli.frame.signals import CODES, NAMES
from tests.processes import PATIENCE, eventually

if TYPE_CHECKING:
    from tests.boxes import Box

C = "c.example.com"
KLED = (sys.executable, "-m", "kled")
LIMIT = 5.0
CHANCE = random.Random(19)  # noqa: S311 - the same moments in every run
MARK = "INTERRUPTED_BY_TEST"


@dataclass
class Terminal:
    """A command in a process group of its own, and what it has written so far."""

    argv: tuple[str, ...]
    env: dict[str, str]
    directory: Path
    written: list[str] = field(default_factory=list)

    def __enter__(self) -> Terminal:
        self.process = subprocess.Popen(
            self.argv,
            env={**self.env, MARK: str(self.directory)},
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.written.extend(lines)

    @property
    def text(self) -> str:
        return "".join(self.written)

    def all(self) -> str:
        """Return all that it has written, when nothing of it runs any more."""
        self._reader.join(PATIENCE)
        return self.text

    def until(self, words: str, within: float = 0.3) -> None:
        """Wait until it has written them; some moment in the seconds after that is sampled."""
        eventually(lambda: words in self.text or self.process.poll() is not None)
        assert words in self.text, self.text
        time.sleep(CHANCE.uniform(0.0, within))

    def interrupt(self, number: int = signal.SIGINT, *, again: float | None = None) -> float:
        """Send a signal to the group, once more after `again`; return how long its end took."""
        assert self.process.poll() is None, self.text
        began = time.monotonic()
        os.killpg(self.process.pid, number)
        if again is not None:
            time.sleep(again)
            os.killpg(self.process.pid, number)
        self.process.wait(timeout=30)
        return time.monotonic() - began

    def left(self) -> list[str]:
        """Return what it started and what still runs, but the sandbox's Kubernetes API."""
        mark = f"{MARK}={self.directory}\0".encode()
        commands = (
            _command(each) for each in psutil.process_iter() if mark in _environment(each.pid)
        )
        return [
            command for command in commands if command and "kled.sandbox.kubernetes" not in command
        ]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def told(terminal: Terminal, seconds: float, number: int = signal.SIGINT) -> str:
    """Hold what is true of every interruption by that signal; return the last words."""
    eventually(lambda: terminal.left() == [])
    words = terminal.all()
    assert seconds < LIMIT, words
    assert terminal.process.returncode == CODES[number], words
    assert "Traceback" not in words
    assert "Exception ignored" not in words
    return words[words.rindex(f"kled: {NAMES[number]}") :]


def is_free(box: Box, cluster: str = C) -> bool:
    lease = box.directory / "state" / ".kled" / "leases" / f"{cluster}.json"
    return not lease.exists() or json.loads(lease.read_text())["state"] == "released"
