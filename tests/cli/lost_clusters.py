"""Sandboxes in which something of a cluster is lost, and what `kled recover plan` says of it."""

import json
import os
import shlex
import signal
import time
from pathlib import Path
from typing import Any, Final

from pyrage import x25519

from kled.operations.stores import now
from kled.retry import Clock
from kled.sandbox.cloud.account import Cloud
from kled.snapshot.documents.keys import Keys
from kled.snapshot.epoch import epoch
from kled.snapshot.repository import SnapshotStore
from kled.storage.local.store import LocalStore
from tests.boxes import Box, make_box

RECORDED: Final = Path(__file__).parents[1] / "captures" / "etcd" / "api-1.36.gz"
"""The etcd of a real API server."""
C: Final = "lost.example.com"
NAME: Final = f"--name={C}"


def lived_box(directory: Path) -> Box:
    """Return a sandbox with a healthy cluster, a kubeconfig of it, and a snapshot."""
    box = make_box(directory / "box")
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    create = ("kops", "create-cluster", NAME, "--zones=us-east-1a", "--node-count=1", "--yes")
    for line in (create, ("snapshot", "create", NAME)):
        done = box.kled(*line)
        assert done.returncode == 0, done.stderr
    return box


def age_pair(directory: Path) -> tuple[str, str]:
    """Return a recipient, and the file of its identity."""
    identity, place = x25519.Identity.generate(), directory / "identity"
    place.write_text(f"{identity}\n")
    place.chmod(0o600)
    return str(identity.to_public()), str(place)


def plan(box: Box, *args: str, exits: int, **env: str) -> Any:
    done = box.kled("recover", "plan", NAME, "--output=json", *args, env=env)
    assert done.returncode == exits, done.stdout + done.stderr
    return json.loads(done.stdout)


def type_commands(box: Box, planned: Any) -> None:
    """Type each command of the plan as it is printed; what is done by hand is left out."""
    for step in planned["steps"]:
        if step["command"] and step["by"] == "kled":
            program, *words = shlex.split(step["command"])
            assert program == "kled"
            done = box.kled(*words)
            assert done.returncode == 0, (step["command"], done.stdout, done.stderr)


def keys_of(box: Box, root: str = "state") -> dict[str, bytes]:
    """Return the keysets and secrets of the cluster."""
    home = box.directory / root / C
    return {
        str(path.relative_to(home)): path.read_bytes()
        for part in ("pki", "secrets")
        for path in sorted((home / part).rglob("*"))
        if path.is_file()
    }


def is_healthy(box: Box, *args: str) -> bool:
    return box.kled("kops", "validate-cluster", NAME, "--wait=10m", *args).returncode == 0


def end_api(box: Box) -> None:
    """End the process that serves the cluster's API, as if its machine were gone."""
    os.kill(json.loads((box.directory / "apis" / f"{C}.json").read_text())["pid"], signal.SIGKILL)


def lose_control_plane(box: Box) -> None:
    """Take the control plane's machines from the cloud, and what would launch them again."""
    with Cloud(box.directory, "us-east-1").edit() as state:
        for part in ("instances", "resources"):
            for place, record in list(state[part].items()):
                named = str(record.get("group", record.get("name", "")))
                if named.startswith("control-plane") and record.get("kind") != "LaunchTemplate":
                    del state[part][place]


def begin_deletion(box: Box) -> None:
    """Record in the snapshot store what a deletion records before it begins."""
    store = LocalStore(box.directory / "snapshots", Clock(time.monotonic, time.sleep))
    snapshots = SnapshotStore(store, Keys(), now=now, chance=os.urandom)
    epoch.announce_end(snapshots, C, (box.directory / "state").as_uri(), ends=True)


def keep_etcd_backup(box: Box, name: str, body: bytes) -> None:
    """Put a backup where etcd-manager writes its own."""
    place = box.directory / "state" / C / "backups" / "etcd" / "main" / name
    place.mkdir(parents=True)
    (place / "etcd.backup.gz").write_bytes(body)
    (place / "_etcd_backup.meta").write_text('{"etcdVersion": "3.6.12"}')
    for marker in ("main", "events"):
        control = place.parents[1] / marker / "control"
        control.mkdir(parents=True, exist_ok=True)
        (control / "etcd-cluster-created").write_text('{"timestamp": 1763909400000000000}')


def files(box: Box) -> list[Path]:
    parts = ("state", "snapshots", "cloud")
    return sorted(
        path
        for part in parts
        for path in (box.directory / part).rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )
