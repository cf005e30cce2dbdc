"""One applied cluster with a good snapshot: of a real kops in its cloud, or of the simulated one.

What people do to the cluster behind kled's back is done to the objects of its state store.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kled.yaml_text import document, to_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boxes import Box
    from tests.e2e.cloud import RealCloud

C = "known.example.net"
NEIGHBOUR = "neighbour.example.net"
NAMED = f"--name={C}"
OPTIONS = ("--zones=us-east-1a,us-east-1b", "--control-plane-zones=us-east-1a", "--node-count=1")
Done = subprocess.CompletedProcess[str]
_LIMIT_SECONDS = 300
_KLED = re.compile(r"kled (?:[^;`]|'[^']*')+?(?=;| shows|$)", re.MULTILINE)


class Store(Protocol):
    """The objects of a state store, by their keys."""

    def read(self, key: str) -> bytes: ...

    def write(self, key: str, body: bytes) -> None: ...

    def remove(self, key: str) -> None: ...

    def keys(self, prefix: str) -> set[str]: ...


@dataclass(frozen=True)
class Site:
    """kled, the state store that it works on, and which kops it drives."""

    store: Store
    kled: Callable[..., Done]
    is_real: bool

    def must(self, *words: str) -> Done:
        """Run kled, which must succeed."""
        done = self.kled(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done

    def begin(self) -> None:
        """Make the two clusters, apply them, and take a snapshot of each."""
        for name in (C, NEIGHBOUR):
            self.must("kops", "create-cluster", f"--name={name}", *OPTIONS, "--cloud=aws", "--yes")
        self.must("snapshot", "create", "--all")

    def objects(self) -> dict[str, bytes]:
        """Return what is stored of the cluster."""
        return {key: self.store.read(key) for key in self.store.keys(f"{C}/")}

    def put_back(self, objects: dict[str, bytes]) -> None:
        """Store these objects again, and remove all others of the cluster."""
        now = self.objects()
        for key in now.keys() - objects.keys():
            self.store.remove(key)
        for key, body in objects.items():
            if now.get(key) != body:
                self.store.write(key, body)

    def edit(self, key: str, change: Callable[[Any], object]) -> None:
        """Change one stored YAML object, as a bare kops or an editor would."""
        found = document(self.store.read(f"{C}/{key}"))
        change(found)
        self.store.write(f"{C}/{key}", to_text([found]).encode())

    def refused(self, *words: str) -> Done:
        """Run kled, which must refuse for the cluster's identity and change nothing."""
        before = self.objects()
        done = self.kled(*words)
        assert done.returncode == 6, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        assert self.objects() == before
        return done

    def type_hint(self, done: Done, beginning: str) -> None:
        """Run the command of a hint that begins so, as it stands there."""
        hints = " ".join(done.stderr.partition("hint: ")[2].split())
        (command,) = [one for one in _KLED.findall(hints) if one.startswith(beginning)]
        self.must(*shlex.split(command)[1:])


class Bucket:
    """A state store of a real kops."""

    def __init__(self, cloud: RealCloud) -> None:
        self._s3, self._bucket = cloud.client("s3"), cloud.bucket

    def read(self, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def write(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)

    def remove(self, key: str) -> None:
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def keys(self, prefix: str) -> set[str]:
        pages = self._s3.get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=self._bucket, Prefix=prefix)
        return {one["Key"] for page in listed for one in page.get("Contents", [])}


class Directory:
    """A state store of the simulated kops."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, key: str) -> bytes:
        return (self._root / key).read_bytes()

    def write(self, key: str, body: bytes) -> None:
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def remove(self, key: str) -> None:
        (self._root / key).unlink()

    def keys(self, prefix: str) -> set[str]:
        files = (one for one in (self._root / prefix).rglob("*") if one.is_file())
        return {one.relative_to(self._root).as_posix() for one in files}


def simulated(box: Box) -> Site:
    """Return the site of a sandbox."""
    box.env["KLED_SNAPSHOT_STORE"] = (box.directory / "snapshots").as_uri()
    return Site(Directory(box.directory / "state"), box.kled, is_real=False)


def real(cloud: RealCloud, env: dict[str, str], snapshots: Path) -> Site:
    """Return the site of a real kops."""
    whole = env | {"KLED_SNAPSHOT_STORE": snapshots.as_uri(), "KLED_LEASE_TTL": "10"}

    def kled(*words: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "kled", *words],
            env=whole,
            cwd=env["HOME"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_SECONDS,
        )

    return Site(Bucket(cloud), kled, is_real=True)
