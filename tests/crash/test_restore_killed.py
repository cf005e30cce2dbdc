"""A restore that is killed anywhere leaves whole objects, and the next one finishes."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kled.retry import Clock
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.local.store import LocalStore
from tests.unit.snapshot.restoring import (
    CLUSTER,
    CREATED,
    LARGE,
    SPEC,
    put,
    read,
    snapshot_store,
    take,
    tree,
)

pytestmark = pytest.mark.slow

SAMPLES = 30
WANTED = tree() | {f"addons/a{n}/k8s.yaml": b"%d" % n * 500 for n in range(40)}
BEFORE = {"config": b"old", "secrets/admin": b"old", "addons/a0/k8s.yaml": b"", "mine": b"mine"}
BEFORE |= {"addons/huge.addons.k8s.io/k8s.yaml": LARGE[::-1]}
CALLS = len(BEFORE) + 1 + len(WANTED) + 3  # listing, comparing what has the same size, writing


def local(folder: Path) -> LocalStore:
    folder.mkdir(exist_ok=True)
    return LocalStore(folder, Clock(time.monotonic, time.sleep))


def test_a_restore_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    snapshots = snapshot_store(local(tmp_path / "kept"))
    manifest = take(snapshots, WANTED)
    chosen = sorted(random.Random(3).sample(range(1, CALLS), SAMPLES))  # noqa: S311
    killed = 0
    for at in chosen:
        target = local(tmp_path / f"target-{at}")
        put(target, BEFORE)

        folders = (tmp_path / "kept", tmp_path / f"target-{at}")
        ended = subprocess.run(
            [sys.executable, "-m", "tests.crash.restorer", *folders, str(at)],
            cwd=Path(__file__).parents[2],
            check=False,
            timeout=120,
        )

        assert ended.returncode in (0, -signal.SIGKILL)
        killed += ended.returncode != 0
        found = read(target)
        for key, body in found.items():
            assert body in (WANTED.get(key), BEFORE.get(key)), f"{key} after call {at}"
        assert SPEC not in found or CREATED in found
        if found["config"] == WANTED["config"]:
            assert found.keys() >= WANTED.keys()

        plan = plan_restore(snapshots, manifest, target, with_control=True, delete_extra=True)
        apply_restore(plan, snapshots, target)
        assert read(target) == WANTED
        assert not list((tmp_path / f"target-{at}").rglob(f"{CLUSTER}/**/*partial*"))
    assert killed >= SAMPLES - 3
