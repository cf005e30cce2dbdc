"""The process to fork from: it has imported what commands import, and waits to be asked.

It ends with the tests, whose pipe is its stdin.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

from tests import quick_keys
from tests.forking import client

ROOT = Path(__file__).resolve().parents[2]
_ROOMS = ("cli", "operations", "kops", "snapshot", "lease", "models", "files", "sandbox")
_NOT_IMPORTED = ("prefect", "deploy", "flow", "run_", "demo", "__main__", "server")
"""What imports Prefect, which few commands need, and what runs when it is imported."""


class Asked(NamedTuple):
    """The process that is asked for."""

    words: list[str]
    """Its module and its arguments."""
    env: dict[str, str]
    cwd: str


@dataclass
class Server:
    """Waits for questions, for the ends of what was asked for, and for the end of the tests."""

    listening: socket.socket
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    running: dict[int, socket.socket] = field(default_factory=dict)
    """Who waits for each process."""
    forked: int = 0
    """How many were asked for before."""

    def serve(self) -> Asked | None:
        """Fork until the tests end (None), or until this is the process that was asked for."""
        self._wake_at_ends()
        self.selector.register(self.listening, selectors.EVENT_READ, self._fork)
        tests = self.selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if key == tests:
                    return None
                asked: Asked | None = key.data()
                if asked is not None:
                    return asked

    def _wake_at_ends(self) -> None:
        """Let `_reap` be called where a process has ended."""
        self.woken, self.waking = socket.socketpair()
        for end in (self.woken, self.waking):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waking.fileno())
        self.selector.register(self.woken, selectors.EVENT_READ, self._reap)

    def _fork(self) -> Asked | None:
        """Return what was asked for in the new process, None in this one."""
        asking, _ = self.listening.accept()
        size, files, _, _ = socket.recv_fds(asking, 4, 3)
        question = asking.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
        self.forked += 1
        pid = os.fork()
        if pid == 0:
            asking.close()
            self._leave(files)
            quick_keys.begin(self.forked)
            return Asked(*client.decoded(question))
        for file in files:
            os.close(file)
        self.running[pid] = asking
        self.selector.register(asking, selectors.EVENT_READ, partial(self._kill, pid))
        return None

    def _leave(self, streams: list[int]) -> None:
        """Keep nothing of the server's in the new process, and take its streams."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)
        self.waking.close()
        for key in list(self.selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self.selector.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)

    def _reap(self) -> None:
        self.woken.recv(4096)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                if pid in self.running:
                    with suppress(OSError):  # nobody waits for it any more
                        self.running[pid].send(b"%d" % os.waitstatus_to_exitcode(status))
                    self._forget(pid)

    def _kill(self, pid: int) -> None:
        """End what nobody waits for any more."""
        if pid in self.running:
            os.kill(pid, signal.SIGKILL)
            self._forget(pid)

    def _forget(self, pid: int) -> None:
        asking = self.running.pop(pid)
        self.selector.unregister(asking)
        asking.close()


def _become(asked: Asked) -> NoReturn:
    """Be the process that was asked for, from what Python sets as it starts to its end."""
    own = {name: value for name, value in os.environ.items() if name == "LC_CTYPE"}
    os.environ.clear()
    os.environ.update(own | asked.env)  # Python itself names the locale where nobody does
    time.tzset()
    os.chdir(asked.cwd)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the process's own, to its end
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.path[0] = asked.cwd
    module, *args = asked.words
    sys.argv = [module, *args]
    sys.orig_argv = [sys.executable, "-m", module, *args]
    status = _run(module)
    threading._shutdown()  # type: ignore[attr-defined] # as Python does before it ends
    atexit._run_exitfuncs()
    os._exit(_flushed(status))


def _run(module: str) -> int:
    """Run a module to its end; return the status that Python ends with."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - as Python says it at its end
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _flushed(status: int) -> int:
    """Say the rest; return Python's status where it cannot be said."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return 120
    return status


def _modules() -> list[str]:
    files = (path for room in _ROOMS for path in sorted((ROOT / "kled" / room).rglob("*.py")))
    names = (path.relative_to(ROOT).with_suffix("").parts for path in files)
    return [
        ".".join(parts).removesuffix(".__init__")
        for parts in names
        if not any(word in parts[-1] for word in _NOT_IMPORTED) or parts[-1] == "__init__"
    ]


def _main(address: str) -> None:
    for name in _modules():
        importlib.import_module(name)
    quick_keys.install()
    gc.collect()
    gc.freeze()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(address)
    listening.listen(64)
    os.write(1, b"ready\n")
    asked = Server(listening).serve()
    if asked is not None:
        _become(asked)


if __name__ == "__main__":
    _main(sys.argv[1])
