"""Where the emulators come from: Go modules and an npm package, each cached by its version.

`go-yaml` is no emulator but a reader of YAML of kops' own family: a program of ours, cached by the
digest of its source. `control-plane` is Kubernetes itself with its etcd: four programs of one
module, which take ten minutes of processor time, so that a target of its own builds them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent
CACHE = Path(os.environ.get("KLED_TEST_EMULATORS") or SOURCES.parents[1] / ".cache" / "emulators")


@dataclass(frozen=True)
class Build:
    """One emulator: what makes it, and what is made."""

    name: str
    tool: str
    version: str

    @property
    def home(self) -> Path:
        return CACHE / f"{self.name}-{self.version}"

    @property
    def command(self) -> Path:
        return self.home / ("node_modules/.bin/azurite-blob" if self.tool == "npm" else self.name)

    def argv(self) -> list[str]:
        """What makes it, in a directory that holds its sources."""
        if self.tool == "npm":
            return ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        package = _modules(self.name)[0] if (SOURCES / self.name / "tools.go").exists() else "."
        return ["go", "build", "-trimpath", "-ldflags=-s", "-o", self.name, package]

    def make(self) -> None:
        """Build it unless it is there; a build that breaks off leaves nothing that counts."""
        if self.command.exists():
            return
        unfinished = CACHE / f"unfinished-{self.name}-{os.getpid()}"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(SOURCES / self.name, unfinished)
        try:
            self._run(unfinished)
            shutil.rmtree(self.home, ignore_errors=True)
            unfinished.rename(self.home)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _run(self, folder: Path) -> None:
        flags = {"GOFLAGS": "-mod=mod -buildvcs=false"}
        subprocess.run(
            ["nice", "-n", "10", *self.argv()], cwd=folder, env={**os.environ, **flags}, check=True
        )


@dataclass(frozen=True)
class ControlPlane(Build):
    """Kubernetes and its etcd: the programs of one module, which say its version."""

    @property
    def command(self) -> Path:
        return self.program("kube-apiserver")

    def program(self, name: str) -> Path:
        """The executable of that name; etcd's is called by its package, `server`."""
        return self.home / name

    def argv(self) -> list[str]:
        said, (_, minor, _) = "k8s.io/component-base/version", self.version.split(".")
        facts = {"gitVersion": self.version, "gitMajor": "1", "gitMinor": minor}
        flags = "".join(f" -X {said}.{fact}={value}" for fact, value in facts.items())
        build = ["env", "CGO_ENABLED=0", "go", "build", "-trimpath", f"-ldflags=-s -w{flags}"]
        return [*build, "-o", ".", *_modules(self.name)]


def _modules(name: str) -> list[str]:
    packages = re.findall(r'_ "(.+)"', (SOURCES / name / "tools.go").read_text())
    assert packages
    return packages


def _required(name: str, module: str) -> str:
    pinned = re.search(rf"{re.escape(module)} (v\S+)", (SOURCES / name / "go.mod").read_text())
    assert pinned
    return pinned[1]


def _go(name: str) -> Build:
    return Build(name, "go", _required(name, _modules(name)[0]))


def _own_go(name: str) -> Build:
    sources = ((SOURCES / name / file).read_bytes() for file in ("go.mod", "main.go"))
    return Build(name, "go", hashlib.sha256(b"".join(sources)).hexdigest()[:12])


def _npm(name: str) -> Build:
    package = json.loads((SOURCES / name / "package.json").read_text())
    return Build(name, "npm", package["dependencies"][name])


BUILDS = {
    build.name: build
    for build in (_go("minio"), _go("fake-gcs-server"), _npm("azurite"), _own_go("go-yaml"))
}

CONTROL_PLANE = ControlPlane("control-plane", "go", _required("control-plane", "k8s.io/kubernetes"))
