"""Creating, pruning and mirroring, killed at sampled calls: nothing is lost."""

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kled.retry import Clock
from kled.snapshot.documents.keys import Keys
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.verify import verify
from kled.storage.local.store import LocalStore
from tests.unit.snapshot.fleets import name, objects

pytestmark = pytest.mark.slow

CHILD = Path(__file__).with_name("snapshot_child.py")
SAMPLES = 30


class Places:
    """A state store, a snapshot store and another directory."""

    def __init__(self, root: Path) -> None:
        self.state, self.snapshots, self.other = (root / one for one in ("state", "kept", "other"))
        for place in (self.state, self.snapshots, self.other):
            place.mkdir(parents=True)
        for number in range(2):
            for key, body in objects(number).items():
                self.put(f"{name(number)}/{key}", body)

    def put(self, key: str, body: bytes) -> None:
        path = self.state / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def run(self, verb: str, at: int = 0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, CHILD, verb, self.state, self.snapshots, self.other, str(at)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def calls(self, verb: str) -> int:
        done = self.run(verb)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def history(self) -> None:
        """Two snapshots of the first cluster and one of the second."""
        self.calls("create")
        self.put(f"{name(0)}/addons/a.addons.k8s.io/v1.yaml", b"changed")
        self.calls("create")


def check(directory: Path) -> list[str]:
    """Every snapshot that is listed verifies; return their ids."""
    store = LocalStore(directory, Clock(time.monotonic, time.sleep))
    kept = SnapshotStore(store, Keys(), now=lambda: datetime.now(UTC), chance=os.urandom)
    refs = list(kept.list())
    for ref in refs:
        report = verify(kept, ref, level=1, by="test", record=False)
        assert report.trustworthy, report.findings
    return [ref.id for ref in refs]


def prepared(root: Path, verb: str) -> Places:
    places = Places(root)
    if verb == "create":
        places.calls("create")
        places.put(f"{name(0)}/addons/a.addons.k8s.io/v1.yaml", b"changed")
    else:
        places.history()
    return places


@pytest.mark.parametrize("verb", ["create", "prune", "mirror"])
def test_killed_at_any_call_nothing_is_broken_and_a_repeat_finishes(
    tmp_path: Path, verb: str
) -> None:
    calls = prepared(tmp_path / "calm", verb).calls(verb)
    chance = random.Random(verb)  # noqa: S311 - not for keys

    only_reads = verb == "mirror"
    shared = prepared(tmp_path / "shared", verb) if only_reads else None
    for at in sorted(chance.sample(range(1, calls + 1), min(SAMPLES, calls))):
        places = shared or prepared(tmp_path / str(at), verb)
        if only_reads:
            places.other = tmp_path / f"other-{at}"
            places.other.mkdir()
        before = check(places.snapshots)

        killed = places.run(verb, at)

        assert killed.returncode == -9, f"call {at}: {killed.stderr}"
        after = check(places.snapshots)
        assert verb == "prune" or set(before) <= set(after)
        assert after
        if verb == "mirror":
            check(places.other)
        again = places.run(verb)
        assert again.returncode == 0, f"call {at}: {again.stderr}"
        check_end(places, verb)


def check_end(places: Places, verb: str) -> None:
    """What an undisturbed run ends in."""
    ids = check(places.snapshots)
    if verb == "mirror":
        assert check(places.other) == ids
    else:
        assert len(ids) >= 2
