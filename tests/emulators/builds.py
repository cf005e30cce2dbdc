"""Where the emulators come from: Go modules and an npm package, each cached by its version.

`go-yaml` is no emulator but a reader of YAML of kops' own family: a program of ours, cached by the
digest of its source.
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
        if self.tool == "npm":
            argv = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        else:
            package = _module(self.name) if (folder / "tools.go").exists() else "."
            argv = ["go", "build", "-trimpath", "-ldflags=-s", "-o", self.name, package]
        flags = {"GOFLAGS": "-mod=mod -buildvcs=false"}
        subprocess.run(
            ["nice", "-n", "10", *argv], cwd=folder, env={**os.environ, **flags}, check=True
        )


def _module(name: str) -> str:
    found = re.search(r'import _ "(.+)"', (SOURCES / name / "tools.go").read_text())
    assert found
    return found[1]


def _go(name: str) -> Build:
    required = re.search(
        rf"{re.escape(_module(name))} (v\S+)", (SOURCES / name / "go.mod").read_text()
    )
    assert required
    return Build(name, "go", required[1])


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
