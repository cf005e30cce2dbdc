"""A shell that somebody types into: what one command exports, the next one has."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

LIMIT: Final = 300.0
"""Seconds that a command may take on a busy machine."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams."""
        return f"{self.out}\n{self.err}"


class Shell:
    """Bash with an environment of its own; its commands read nothing from the terminal."""

    def __init__(self, env: Mapping[str, str], directory: Path, written: Path) -> None:
        self._out, self._err = written / "out", written / "err"
        self._reads, writes = os.pipe()
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-s"],
            env=dict(env),
            cwd=directory,
            stdin=subprocess.PIPE,
            text=True,
            pass_fds=(writes,),
            start_new_session=True,
        )
        self._writes = writes
        os.close(writes)

    def __enter__(self) -> Self:
        """Be closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End bash and what runs in the background."""
        self.close()

    def type(self, command: str, *, runs_on: bool = False) -> Done:
        """Run `command` and return what it did; with `runs_on` it goes on in the background."""
        ends = "} &\n" if runs_on else "}"
        self._send(f"{{\n{command}\n{ends} >{self._out} 2>{self._err} </dev/null")
        code = self._code(command)
        return Done(code, self._out.read_text(), self._err.read_text())

    def close(self) -> None:
        """End it, and everything that it started."""
        assert self._bash.stdin is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            self._bash.stdin.close()
        self._bash.wait()
        os.close(self._reads)

    def _send(self, text: str) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{text}\nprintf '%s\\n' \"$?\" >&{self._writes}\n")
        self._bash.stdin.flush()

    def _code(self, command: str) -> int:
        held, ends = b"", time.monotonic() + LIMIT
        while not held.endswith(b"\n"):
            ready, _, _ = select.select([self._reads], [], [], max(0.0, ends - time.monotonic()))
            assert ready, f"{command!r} did not end within {LIMIT:.0f} s: {self._err.read_text()}"
            piece = os.read(self._reads, 64)
            assert piece, f"{command!r} ended the shell: {self._err.read_text()}"
            held += piece
        return int(held)
