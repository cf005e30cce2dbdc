"""Start, show and stop a sandbox: a directory with a simulated kops on a private PATH."""

import json
import os
import shlex
import shutil
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kled.sandbox import clock, faults

_SCRUBBED_PREFIXES = (
    "AWS_",
    "AZURE_",
    "CLOUDSDK_",
    "DIGITALOCEAN_",
    "GCE_",
    "GOOGLE_",
    "HCLOUD_",
    "KLED_SNAPSHOT_",
    "KOPS_",
    "KUBE",
    "LINODE_",
    "OS_",
    "S3_",
    "SCW_",
)
_WRAPPER = """#!/bin/sh
KLED_SANDBOX={directory} PYTHONPATH={library} exec {python} -m kled.sandbox "$@"
"""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox's places and what is wrong in it."""

    directory: Path
    speed: float
    kops: Path
    state_store: str
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)


def start(directory: Path, *, speed: float, api_idle: float = 1800.0) -> Sandbox:
    """Make a sandbox, or bring an existing one up to date; its clusters stay. Idempotent.

    `speed` is how many simulated seconds pass in a real one; `api_idle` how many real ones its
    Kubernetes APIs run while nobody asks. Raises ValueError for a speed that
    is not positive, OSError where the directory cannot be written.
    """
    if speed <= 0:
        raise ValueError(f"speed must be positive, not {speed}")
    directory = directory.absolute()
    for place in ("bin", "cloud", "home", "home/.ssh", "snapshots", "state"):
        (directory / place).mkdir(parents=True, exist_ok=True, mode=0o700)
    _replace(directory / clock.SETTINGS, json.dumps({"speed": speed, "api-idle": api_idle}), 0o600)
    _replace(directory / "bin" / "kops", _wrapper(directory), 0o755)
    return status(directory)


def status(directory: Path) -> Sandbox:
    """Describe a sandbox. Raises FileNotFoundError where there is none."""
    directory = directory.absolute()
    if not (directory / clock.SETTINGS).exists():
        raise FileNotFoundError(f"no sandbox in {directory}")
    return Sandbox(
        directory=directory,
        speed=clock.speed(directory),
        kops=directory / "bin" / "kops",
        state_store=f"file://{directory / 'state'}",
        faults=faults.active(directory),
    )


def environment(
    directory: Path, *, path: str = os.defpath, snapshots: bool = False
) -> dict[str, str]:
    """Return the variables with which every command works against the sandbox.

    The credentials are no secrets: no cloud knows them. `path` is the PATH to put `bin` before.
    With `snapshots` the sandbox's own snapshot store is named, too.
    """
    box = status(directory)
    home = box.directory / "home"
    more = {"KLED_SNAPSHOT_STORE": f"file://{box.directory / 'snapshots'}"} if snapshots else {}
    return more | {
        "HOME": str(home),
        "KUBECONFIG": str(home / ".kube" / "config"),
        "PATH": f"{box.kops.parent}{os.pathsep}{path}",
        "KLED_KOPS": str(box.kops),
        "KOPS_STATE_STORE": box.state_store,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "no-secret-of-any-cloud",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def scrubbed(names: set[str], directory: Path) -> list[str]:
    """Return which of the variables `names` must be unset, so that no real account is touched."""
    kept = set(environment(directory, snapshots=True))
    return sorted(n for n in names if n.startswith(_SCRUBBED_PREFIXES) and n not in kept)


def stop(directory: Path) -> list[int]:
    """Kill what runs in the sandbox and remove it; return the ids that were killed.

    Absent is fine. Only a directory that `start` made is ever removed.
    """
    directory = directory.absolute()
    if not (directory / clock.SETTINGS).exists():
        return []
    killed = [pid for pid in _inside(directory) if _kill(pid)]
    shutil.rmtree(directory)
    return killed


def _wrapper(directory: Path) -> str:
    library = Path(__file__).parents[2]
    return _WRAPPER.format(
        directory=shlex.quote(str(directory)),
        library=shlex.quote(str(library)),
        python=shlex.quote(sys.executable),
    )


def _replace(path: Path, text: str, mode: int) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.replace(path)


def _inside(directory: Path) -> list[int]:
    """Return the processes whose environment names this sandbox (Linux; elsewhere none)."""
    mark = f"KLED_SANDBOX={directory}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile, or is another user's
            continue
        if mark in variables and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return sorted(found)


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
