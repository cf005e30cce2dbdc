"""Replay captures of a real kops on a sandbox that is arranged as theirs was."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kled.sandbox import control
from tests.boxes import measured

CAPTURES = Path(__file__).parents[1] / "captures" / "kops" / "1.36.2"
OPERATOR = "/home/operator"
PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKCLSa3+QhFwebDYMK9iKYA6DlGi0YZ5DsET9f9XBC/l root@vm\n"
)
BASE_URL = "http://127.0.0.1:5556/kops/1.36.2"
"""KOPS_BASE_URL of the machine that the captures were recorded on."""


@dataclass(frozen=True)
class Outcome:
    """What one call printed and how it ended."""

    stdout: str
    stderr: str
    status: int


class ReplayBox:
    """A sandbox with the operator's files; every call is a process."""

    def __init__(self, directory: Path, *, speed: float = 5000.0) -> None:
        control.start(directory, speed=speed, api_idle=10.0)
        self.directory = directory
        self.origins = [directory]
        self.state = directory / "state"
        self.home = directory / "home"
        self.env = (
            control.environment(directory)
            | measured()
            | {
                "KOPS_BASE_URL": BASE_URL,
                "KOPS_RSA_PRIVATE_KEY_SIZE": "1024",
                "KLED_SANDBOX": str(directory),
                "PYTHONPATH": os.pathsep.join(sys.path),
            }
        )
        (self.home / ".ssh").mkdir(exist_ok=True)
        (self.home / ".ssh" / "id_ed25519.pub").write_text(PUBLIC_KEY)

    def copy_to(self, directory: Path) -> "ReplayBox":
        """Return a copy of this sandbox as it is now; its definitions name the copy's places."""
        shutil.copytree(self.directory, directory)
        for path in (path for path in (directory / "state").rglob("*") if path.is_file()):
            old, new = bytes(self.directory / "state"), bytes(directory / "state")
            path.write_bytes(path.read_bytes().replace(old, new))
        copy = ReplayBox(directory)
        copy.origins += self.origins
        return copy

    def kops(self, *args: str, stdin: str = "", env: dict[str, str] | None = None) -> Outcome:
        """Run the simulated kops once."""
        done = subprocess.run(
            [sys.executable, "-m", "kled.sandbox", *args],
            env=self.env if env is None else env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.stdout, done.stderr, done.returncode)

    def replay(self, capture: "Capture") -> Outcome:
        """Run a capture's command here; what it printed has the operator's paths again."""
        env, words, stdin = dict(self.env), shlex.split(capture.command), ""
        if words[0] == "env":
            words, stdin = self._environment(words[1:], env)
        outcome = self.kops(*(self._here(word) for word in words[1:]), stdin=stdin, env=env)
        return Outcome(self._there(outcome.stdout), self._there(outcome.stderr), outcome.status)

    def _environment(self, words: list[str], env: dict[str, str]) -> tuple[list[str], str]:
        stdin = ""
        while words[0] != "kops":
            word = words.pop(0)
            if word == "-u":
                env.pop(words.pop(0), None)
            elif word.startswith("<"):
                stdin = Path(self._here(word[1:])).read_text()
            else:
                name, _, value = word.partition("=")
                env[name] = self._here(value)
        return words, stdin

    def _here(self, word: str) -> str:
        return word.replace(OPERATOR, str(self.home))

    def _there(self, text: str) -> str:
        for origin in self.origins:
            text = text.replace(str(origin / "state"), "STORE")
            text = text.replace(str(origin / "home"), OPERATOR)
        return text.replace(" (simulated)\n", "\n")


@dataclass(frozen=True)
class Capture:
    """One recorded call of kops 1.36.2."""

    name: str

    @property
    def command(self) -> str:
        """The command line."""
        return self._text("cmd").strip()

    @property
    def outcome(self) -> Outcome:
        """What kops printed and how it ended."""
        places = r"/home/operator(?:/fs8)?(?=/[\w-]+\.k8s\.local)"
        out, err = (re.sub(places, "STORE", self._text(part)) for part in ("stdout", "stderr"))
        return Outcome(out, err, int(self._text("rc")))

    def _text(self, part: str) -> str:
        return (CAPTURES / self.name / part).read_text()
