"""Where a document's commands are typed: an empty home, a scratch directory, a sandbox."""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeVar

from kled.sandbox import control
from tests.boxes import measured
from tests.docs.reading import ROOT
from tests.docs.shell import Done, Shell

T = TypeVar("T")
CLUSTER: Final = "c.example.com"
PROGRAMS: Final = Path(sys.executable).parent
SPEED: Final = 20_000.0
_DIGEST: Final = re.compile(r"\bdigest[= ]([0-9a-f]{12})")
_OF_THE_USER: Final = {
    ".kube/config": "users: []\n",
    ".aws/credentials": "[default]\naws_access_key_id = mine\naws_secret_access_key = mine\n",
    ".ssh/id_ed25519": "mine\n",
    "notes.txt": "mine\n",
}
"""What people have in their homes; the documents say nothing of it, so nothing touches it."""
_OWN: Final = frozenset({".config", ".local", ".prefect", ".cache"})
"""What kled and Prefect may make there."""


@dataclass
class Stage:
    """A scratch directory with a home and a sandbox, and a shell in it."""

    directory: Path
    endpoint: str
    """Of an S3."""
    api: Callable[[], str]
    """Returns the address of a Prefect server, which it starts."""
    env: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    """What later commands name: `digest`, `snapshot`."""
    _shell: Shell | None = None
    _held: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        """Make the home and the sandbox."""
        for name, text in _OF_THE_USER.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.work.mkdir()
        control.start(self.box, speed=SPEED, api_idle=30.0)
        self.env = {
            "HOME": str(self.home),
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "LANG": "C.UTF-8",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **measured(),
        }

    def __enter__(self) -> Self:
        """End with the block all that was started."""
        return self

    def __exit__(self, *_: object) -> None:
        """End shell, sandboxes and servers."""
        self.close()
        self._held.close()
        for box in (self.box, self.directory / "typed-box"):
            control.stop(box)

    def keep(self, context: AbstractContextManager[T]) -> T:
        """Enter a context that is left at the end."""
        return self._held.enter_context(context)

    @property
    def home(self) -> Path:
        """Somebody's home."""
        return self.directory / "home"

    @property
    def work(self) -> Path:
        """Where the commands are typed."""
        return self.directory / "work"

    @property
    def box(self) -> Path:
        """The sandbox."""
        return self.directory / "box"

    @property
    def shell(self) -> Shell:
        """The shell that is open."""
        if self._shell is None:
            self._shell = Shell(self.env, self.work, self.directory)
        return self._shell

    def new_shell(self, **env: str) -> None:
        """Open a new shell, with more in its environment, for what is typed from now on."""
        self.close()
        self.env |= env

    def close(self) -> None:
        """Close the shell."""
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def in_the_sandbox(self, **env: str) -> None:
        """Open a new shell whose kops and clouds are simulated, and whose home is somebody's."""
        inside = control.environment(self.box, path=self.env["PATH"], snapshots=True)
        inside |= {"HOME": str(self.home), "KUBECONFIG": str(self.directory / "kubeconfig")}
        self.new_shell(**inside | env)

    def do(self, command: str, *, code: int = 0) -> Done:
        """Run what a document takes for granted."""
        done = self.shell.type(command)
        assert done.code == code, f"{command}\n{done.said}"
        return done

    def remember(self, done: Done) -> None:
        """Keep the digest that a preview says, for the command that names it."""
        for digest in _DIGEST.findall(done.said):
            self.values["digest"] = digest

    def create(self, name: str = CLUSTER) -> None:
        """Create and apply a cluster."""
        self.do(f"kled kops create-cluster --name={name} --zones=us-east-1a --node-count=2 --yes")

    def latest(self) -> str:
        """Return the id of the newest snapshot."""
        listed = json.loads(self.do("kled snapshot list --output=json").out)
        return str(max(each["id"] for each in listed))

    def strangers(self) -> list[str]:
        """Return what is otherwise in the home than it was, but for what kled makes there."""
        changed = [
            name for name, text in _OF_THE_USER.items() if (self.home / name).read_text() != text
        ]
        known = {name.partition("/")[0] for name in _OF_THE_USER} | _OWN
        new = [path.name for path in self.home.iterdir() if path.name not in known]
        return sorted(changed + new)


def substituted(text: str, stage: Stage, table: Mapping[str, str]) -> str:
    """Return a command with the names that stand for the reader's own replaced, as declared."""
    for pattern, value in table.items():
        if re.search(pattern, text):
            text = re.sub(pattern, _value(value, stage), text)
    return text


def _value(value: str, stage: Stage) -> str:
    return value.format(
        root=ROOT,
        programs=PROGRAMS,
        box=stage.directory / "typed-box",
        keys=stage.directory,
        cluster=CLUSTER,
        s3=stage.endpoint,
        api=stage.api() if "{api}" in value else "",
        **stage.values,
    )
