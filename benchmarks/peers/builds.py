"""Makes the pinned peers, each once: Go commands from module sources, `aws` from its wheel."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_CACHE = _HERE.parents[1] / ".cache" / "peers"


def made(peer: str) -> Path:
    """Return the program of a peer; make it where it was not made of just these sources.

    Minutes for rclone and restic. A build that breaks off leaves nothing that counts.
    """
    sources = _HERE / peer
    into = _CACHE / f"{peer}-{_digest(sources)}"
    program = into / "bin" / peer
    if not program.exists():
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        if (sources / "go.mod").exists():
            build_go(sources, into / "unfinished")
            program.parent.mkdir()
            (into / "unfinished").rename(program)
        else:
            _install(sources / "requirements.lock", into, peer)
    return program


def build_go(sources: Path, program: Path) -> None:
    """Build the Go command of a directory, or the tool that its go.mod names."""
    go = shutil.which("go")
    if go is None:
        raise SystemExit(f"the benchmarks of snapshots need Go, to build {sources.name}")
    what = "." if (sources / "main.go").exists() else "tool"
    subprocess.run(
        [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), what],
        cwd=sources,
        env={**os.environ, "CGO_ENABLED": "0"},
        check=True,
    )


def _install(lock: Path, into: Path, peer: str) -> None:
    """Install Python packages into an environment of their own, linked to when all is there."""
    environment = into / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    (into / "bin").mkdir()
    (into / "bin" / peer).symlink_to(environment / "bin" / peer)


def _digest(sources: Path) -> str:
    files = sorted(path for path in sources.iterdir() if path.is_file() and path.suffix != ".py")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
