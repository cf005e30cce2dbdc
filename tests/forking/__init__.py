"""Runs `kled` and the simulated kops in processes of their own, forked from one that imported them.

Importing is most of a short command's time, and the tests run thousands of them. A forked process
has its own environment, directory, arguments, streams, process group and end, as one that was
started anew has. What starting itself does is tested with processes that are started
(`tests/cli/test_start_up.py`, the documents' commands, the kill tests), and so is what Python reads
of its environment as it starts (`alike`).
"""

from __future__ import annotations

import atexit
import functools
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.forking import client

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
_READ_AT_START = ("PYTHON", "COVERAGE", "LANG", "LC_", "LD_")


def run_kled(
    *args: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: str = "",
    seconds: float = 300.0,
) -> subprocess.CompletedProcess[str]:
    """Run kled to its end, as `subprocess.run` runs `python -m kled`.

    Raises `subprocess.TimeoutExpired` after so many seconds; the process is killed then.
    """
    return _run(["kled", *args], dict(env), cwd or Path.cwd(), stdin, seconds)


def run_kops(
    *args: str, env: Mapping[str, str], stdin: str = "", seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run the simulated kops of the sandbox `KLED_SANDBOX` to its end, in the same way."""
    return _run(["kled.sandbox", *args], dict(env), Path.cwd(), stdin, seconds)


def fork_kops(sandbox: Path) -> None:
    """Let the kops of a sandbox be forked, for whoever runs it, until the sandbox starts anew."""
    if any(name.startswith("COVERAGE_") for name in os.environ):
        return  # its branches are counted
    words = [sys.executable, "-I", "-S", client.__file__, _address(), "kled.sandbox"]
    place = shlex.quote(f"KLED_SANDBOX={sandbox.absolute()}")
    program = sandbox / "bin" / "kops"
    program.write_text(f'#!/bin/sh\nexport {place}\nexec {shlex.join(words)} "$@"\n')


def alike(env: Mapping[str, str]) -> bool:
    """Return whether a forked one is like a new one: Python reads some variables as it starts."""
    return not any(name.startswith(_READ_AT_START) for name in env)


def _run(
    words: list[str], env: dict[str, str], cwd: Path, stdin: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", *words]
    if not alike(env):
        return subprocess.run(
            argv,
            env=env,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    with ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        given.write(stdin.encode())
        given.seek(0)
        files = (given.fileno(), out.fileno(), err.fileno())
        try:
            status = client.ask(_address(), words, env, files, cwd=str(cwd), seconds=seconds)
        except TimeoutError:
            raise subprocess.TimeoutExpired(argv, seconds) from None
        return subprocess.CompletedProcess(argv, status, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@functools.cache
def _address() -> str:
    """Start the process to fork from; return where it listens."""
    directory = tempfile.TemporaryDirectory(prefix="kled-tests-")
    address = str(Path(directory.name) / "s")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.forking.server", address],
        cwd=ROOT,
        env={"PATH": os.defpath},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    server.stdout.close()
    atexit.register(_end, server, directory)
    return address


def _end(server: subprocess.Popen[bytes], directory: tempfile.TemporaryDirectory[str]) -> None:
    server.communicate()
    directory.cleanup()
