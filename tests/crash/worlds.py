"""A world to kill in: one sandbox that is put back to the same moment before every run."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kled.sandbox import faults
from tests.boxes import Box, make_box

NAME = "killed.example.com"
_KEPT = ("state", "cloud")
_TIMES = re.compile(rb"creationTimestamp: .*|validUntil.*")
_KEYS = re.compile(rb"[A-Za-z0-9+/=]{60,}|\b\d{20,}\b|\b[0-9a-f]{64}\b|hash: .*")
_AT_RANDOM = ("id", "ip", "launched", "place", "serial")


@dataclass
class World:
    """A sandbox with one healthy cluster of an older version, and moments to go back to."""

    box: Box

    @property
    def _kill_after(self) -> Path:
        return self.box.directory / "kill-after"

    def remember(self, moment: str) -> None:
        """Keep state store and cloud as they are now, under a name; an earlier moment goes."""
        shutil.rmtree(self._moment(moment), ignore_errors=True)
        for name in _KEPT:
            shutil.copytree(self.box.directory / name, self._moment(moment) / name)

    def put_back(self, moment: str) -> None:
        """Make state store and cloud as they were then, with no fault and nobody to be killed."""
        for name in _KEPT:
            shutil.rmtree(self.box.directory / name)
            shutil.copytree(self._moment(moment) / name, self.box.directory / name)
        faults.clear(self.box.directory)
        self.kill_after(0)

    def _moment(self, moment: str) -> Path:
        return self.box.directory / "moments" / moment

    def kill_after(self, call: int) -> None:
        """Count kops calls from 1 again; kled dies after number `call` (0: never)."""
        self.box.counted.file.unlink(missing_ok=True)
        self._kill_after.write_text(str(call))

    def kops(self, *args: str) -> None:
        """Run the simulated kops, uncounted, on the cluster; it must succeed."""
        here = [arg.replace("BOX", str(self.box.directory)) for arg in args]
        done = self.box.kops(*here, f"--name={NAME}")
        assert done.returncode == 0, done.stderr

    def outcome(self) -> dict[str, Any]:
        """Return what an operator would compare: every object of the store, and the cloud."""
        cloud: dict[str, Any] = {}
        for path in sorted((self.box.directory / "cloud").glob("*/*.json")):
            region = json.loads(path.read_text())
            machines = [_stable(one) for one in region["instances"].values()]
            cloud[path.stem] = {
                "resources": {key: _stable(one) for key, one in region["resources"].items()},
                "machines": sorted(machines, key=repr),
            }
        return {
            "store": {key: _object(key, body) for key, body in self.box.state().items()}
        } | cloud


def make_world(directory: Path) -> World:
    """Create the cluster, wait until it is healthy, and remember it."""
    kill = f'[ "$n" = "$(cat {directory}/kill-after)" ] && kill -9 $PPID'
    box = make_box(directory, after_call=kill, started=True)
    world = World(box)
    create = ("create", "cluster", "--zones=us-east-1a", "--node-count=2", "--cloud=aws")
    world.kops(*create, "--kubernetes-version=1.35.5", "--yes")
    world.remember("healthy")
    return world


def _stable(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in _AT_RANDOM}


def _object(key: str, body: bytes) -> object:
    """Return an object without its times; of keys only how they stand to each other."""
    if not key.endswith("keyset.yaml"):
        return _KEYS.sub(b"KEY", _TIMES.sub(b"TIME", body))
    spec = yaml.safe_load(body)["spec"]
    ids = [one["id"] for one in spec["keys"]]
    trusted = ["distrustTimestamp" not in one for one in spec["keys"]]
    return {"primary": ids.index(spec["primaryId"]), "trusted": trusted}
