"""What a resolver chooses today: the built wheel, installed without the lock."""

import subprocess
import sys
from pathlib import Path

from tests.standing.servers import BOUND

ROOT = Path(__file__).resolve().parents[2]


def reachable(directory: Path) -> bool:
    """Return whether there is a package registry to ask."""
    asked = _uv("pip", "install", "--quiet", "--refresh", "--target", str(directory), "pip")
    return asked.returncode == 0


def installed(directory: Path) -> Path:
    """Install the wheel of this checkout into an environment; return its programs' directory."""
    built, here = directory / "built", directory / "installed"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    made = _uv("venv", "--quiet", f"--python={sys.executable}", str(here))
    assert made.returncode == 0, made.stderr
    python = here / "bin" / "python"
    done = _uv("pip", "install", "--quiet", f"--python={python}", "--compile-bytecode", str(wheel))
    assert done.returncode == 0, done.stderr
    return python.parent


def _uv(*args: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "uv", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=BOUND)
