"""Start, show and stop a sandbox: a directory with a simulated kops on a private PATH."""

import json
import math
import os
import secrets
import shlex
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kled.sandbox import clock, faults, surroundings
from kled.sandbox import directory as own

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


@dataclass(frozen=True)
class Stopped:
    """What `stop` did."""

    existed: bool
    ended: list[int] = field(default_factory=list)
    """The ids of the processes that ran in it."""
    left: list[Path] = field(default_factory=list)
    """What others had put into the directory; it is still there."""


def start(directory: Path, *, speed: float, api_idle: float = 1800.0) -> Sandbox:
    """Make a sandbox, or bring an existing one up to date; its clusters stay.

    `speed` is how many simulated seconds pass in a real one; `api_idle` how many real ones its
    Kubernetes APIs run while nobody asks. Idempotent, and safe to kill.

    Raises `ValueError`: the speed is not positive, or the directory is not the sandbox's own
    (`directory.NotOwn`); nothing is changed then. Raises `OSError`: the directory cannot be made or
    written.
    """
    if not 0 < speed < math.inf:
        raise ValueError(f"speed must be positive, not {speed}")
    directory = directory.absolute()
    own.claim(directory)
    for place in own.FOLDERS:
        (directory / place).mkdir(exist_ok=True, mode=0o700)
    _replace(directory / clock.SETTINGS, json.dumps({"speed": speed, "api-idle": api_idle}), 0o600)
    _replace(directory / "bin" / "kops", _wrapper(directory), 0o755)
    return status(directory)


def status(directory: Path) -> Sandbox:
    """Describe a sandbox.

    Raises `FileNotFoundError`: there is none, or a half-made one: `start` completes it. Raises
    `ValueError`: it is not this user's own (`directory.NotOwn`), or its files are damaged.
    """
    directory = directory.absolute()
    own.check(directory)
    kops = directory / "bin" / "kops"
    if not kops.exists():
        raise FileNotFoundError(f"the sandbox in {directory} is not complete")
    try:
        speed, injected = clock.speed(directory), faults.active(directory)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{clock.SETTINGS} or faults.json in {directory} is damaged") from error
    state_store = f"file://{directory / 'state'}"
    return Sandbox(directory, speed, kops, state_store, injected)


def environment(
    directory: Path, *, path: str = os.defpath, snapshots: bool = False
) -> dict[str, str]:
    """Return the variables with which every command works against the sandbox.

    The credentials are no secrets: no cloud knows them. `path` is the PATH to put `bin` before;
    asked again from within, it does not grow.
    With `snapshots` the sandbox's own snapshot store is named, too.
    """
    box = status(directory)
    home, programs = box.directory / "home", str(box.kops.parent)
    others = [folder for folder in path.split(os.pathsep) if folder != programs]
    more = {"KLED_SNAPSHOT_STORE": f"file://{box.directory / 'snapshots'}"} if snapshots else {}
    return more | {
        "HOME": str(home),
        "KUBECONFIG": str(home / ".kube" / "config"),
        "PATH": os.pathsep.join([programs, *others]),
        "KLED_KOPS": str(box.kops),
        "KLED_SANDBOX": str(box.directory),
        "KOPS_STATE_STORE": box.state_store,
        "AWS_ACCESS_KEY_ID": "no-key-of-any-cloud",
        "AWS_SECRET_ACCESS_KEY": "no-secret-of-any-cloud",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def variables_to_unset(names: set[str], directory: Path) -> list[str]:
    """Return which of the variables `names` must be unset, so that no real account is touched."""
    kept = set(environment(directory, snapshots=True))
    return sorted(surroundings.which_lead_outside(names) - kept)


def stop(directory: Path) -> Stopped:
    """Kill what runs in the sandbox and remove what it made; what others put there stays.

    Absent is fine, and so is a directory that is no sandbox's: it is left as it is. Killed halfway,
    the next call does the rest. Raises `directory.NotOwn` where it is not this user's own.
    """
    directory = directory.absolute()
    try:
        own.check(directory)
    except FileNotFoundError:
        return Stopped(existed=False)
    ended = [pid for pid in _inside(directory) if _kill(pid)]
    return Stopped(existed=True, ended=ended, left=own.remove(directory))


def _wrapper(directory: Path) -> str:
    library = Path(__file__).parents[2]
    return _WRAPPER.format(
        directory=shlex.quote(str(directory)),
        library=shlex.quote(str(library)),
        python=shlex.quote(sys.executable),
    )


def _replace(path: Path, text: str, mode: int) -> None:
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.replace(path)


def _inside(directory: Path) -> list[int]:
    """Return the simulated kops and APIs of this sandbox that run (Linux; elsewhere none).

    Their environment names the sandbox and their command line its program: a shell in which
    somebody works with the sandbox has the first as well.
    """
    mark, program = f"KLED_SANDBOX={directory}".encode(), os.fsencode(directory / "bin" / "kops")
    pids = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile, or is another user's
            continue
        if mark in variables and (program in arguments[:2] or _is_simulation(arguments)):
            pids.append(int(entry.name))
    return sorted(pids)


def _is_simulation(arguments: list[bytes]) -> bool:
    return arguments[1:2] == [b"-m"] and arguments[2].split(b".")[:2] == [b"kled", b"sandbox"]


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
