"""A sandbox with one stored cluster, and what a program needs to work with it."""

from pathlib import Path
from typing import Any

from kled.api import Kled
from kled.lease.document import Lease, decode, key
from tests.boxes import Box, make_box

C = "c.example.com"
GROUP = "nodes-us-east-1a"


def stored_cluster(directory: Path, *, after_call: str = "") -> Box:
    """Return a sandbox whose state store has one cluster, and a snapshot store."""
    box = make_box(directory / "box", after_call=after_call)
    (directory / "snapshots").mkdir()
    box.env["KLED_SNAPSHOT_STORE"] = (directory / "snapshots").as_uri()
    done = box.kops("create", "cluster", f"--name={C}", "--zones=us-east-1a", "--cloud=aws")
    assert done.returncode == 0, done.stderr
    return box


def kled_of(box: Box, **more: Any) -> Kled:
    """Return a `Kled` in a sandbox."""
    return Kled(environment=box.env, **more)


def lease_of(box: Box, cluster: str = C) -> Lease:
    """Return what stands in the lease of a cluster."""
    return decode((box.directory / "state" / key(cluster)).read_bytes())
