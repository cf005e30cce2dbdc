"""Somebody presses Tab in a real shell, on a terminal (fault 37)."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.unit.cli.tabs import CLUSTER, put, stores

pytestmark = pytest.mark.slow
STARTS: Final = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SETS_UP: Final = {
    "bash": ("PS1='> '", "source <(kled completion bash)"),
    "zsh": ("PS1='> '", "autoload -Uz compinit; compinit -u", "source <(kled completion zsh)"),
    "fish": ("function fish_prompt; echo -n '> '; end", "kled completion fish | source"),
}
LIMIT: Final = 30.0
_CONTROL: Final = re.compile(
    r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-B0-2]|[=>78]|P.*?\x1b\\)"
)


class Screen:
    """A shell on a terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.seen = ""

    def type(self, keys: str) -> None:
        self.seen = ""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, words: str) -> None:
        ends = time.monotonic() + LIMIT
        while words not in self.text():
            assert time.monotonic() < ends, f"{words!r} did not come: {self.text()!r}"
            self._read()

    def settle(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self._read()

    def text(self) -> str:
        return _CONTROL.sub("", self.seen)

    def _read(self) -> None:
        if select.select([self._descriptor], [], [], 0.1)[0]:
            with suppress(OSError):
                piece = os.read(self._descriptor, 65536).decode(errors="replace")
                self.seen += piece
                if "\x1b[c" in piece or "\x1b[0c" in piece:  # fish asks what terminal this is
                    os.write(self._descriptor, b"\x1b[?1;2c")


@contextmanager
def shell(name: str, env: dict[str, str], directory: Path) -> Iterator[Screen]:
    child, descriptor = pty.fork()
    if child == 0:
        os.chdir(directory)
        os.execvpe(STARTS[name][0], STARTS[name], env)  # noqa: S606 - the shell is what is tested
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 400, 0, 0))
    try:
        screen = Screen(descriptor)
        adds = "(math 40+{})" if name == "fish" else "$((40+{}))"
        for number, line in enumerate(SETS_UP[name]):
            screen.type(f"{line}; echo ready-{adds.format(number)}\n")
            screen.wait_for(f"ready-{40 + number}")
        yield screen
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(descriptor)


@pytest.fixture(params=["bash", "zsh", "fish"])
def screen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Screen]:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    env = stores(tmp_path) | {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TERM": "xterm",
        "LANG": "C.UTF-8",
    }
    hostile = "$(touch pwned)"
    put(tmp_path / "state", f"{hostile}/config", "`touch pwned`/config")
    (tmp_path / "home" / "environments" / "zz$(touch pwned).yaml").touch()
    with shell(name, env, tmp_path) as opened:
        yield opened
    assert not (tmp_path / "pwned").exists()


def test_tab_completes_commands_options_names_and_files(screen: Screen, tmp_path: Path) -> None:
    for typed, completed in (
        ("kled kops get-instance-g\t", "kled kops get-instance-groups "),
        ("kled kops get-secrets --na\t", "kled kops get-secrets --name="),
        ("kled kops get-secrets --name=c\t", f"kled kops get-secrets --name={CLUSTER}"),
        ("kled kops get-secrets --name c\t", f"kled kops get-secrets --name {CLUSTER}"),
        ("kled run update-cluster name=\t", f"kled run update-cluster name={CLUSTER}"),
        ("kled kops get-secrets --state=s3:\t", "kled kops get-secrets --state=s3://acme-state"),
        (f"kled kops edit-cluster --file={tmp_path}/st\t", f"--file={tmp_path}/state/"),
    ):
        screen.type(typed)
        screen.wait_for(completed)
        screen.type("\x15")  # the line is taken back
        screen.settle(0.2)


def test_a_hostile_name_is_inserted_as_a_text(screen: Screen) -> None:
    screen.type("kled deploy --environment=z\t")
    screen.wait_for("touch")
    screen.type("; echo ended\n")
    screen.wait_for("kled: ")  # there is nothing in that environment
    screen.type("\x15")
    screen.settle(0.3)
