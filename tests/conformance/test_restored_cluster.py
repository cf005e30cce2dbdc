"""A cluster whose state was deleted and restored is the cluster that it was, for kops too."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

from kled.retry import Clock
from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.diff import views
from kled.snapshot.diff.diff import diff
from kled.snapshot.progress import Quiet
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from tests.boxes import Box
from tests.unit.snapshot.restoring import age_keys, snapshot_store

NAME = "restored.example.com"


def made(box: Box) -> dict[str, bytes]:
    zones = "--zones=us-east-1a,us-east-1b"
    done = box.kops("create", "cluster", f"--name={NAME}", "--cloud=aws", zones, "--yes")
    assert done.returncode == 0, done.stderr
    return box.state()


def test_kops_goes_on_with_a_restored_cluster_and_makes_no_new_keys(
    box: Box, tmp_path: Path
) -> None:
    before = made(box)
    preview = box.kops("update", "cluster", f"--name={NAME}").stdout
    state = LocalStore(box.directory / "state", Clock(time.monotonic, time.sleep))
    keys = age_keys(tmp_path)
    writer = snapshot_store(MemoryStore(), replace(keys, identity=None))
    (result,) = create(
        state, writer, [NAME], options=CreateOptions("a test"), progress=Quiet()
    ).clusters
    shutil.rmtree(box.directory / "state" / NAME)
    assert box.kops("get", "clusters", f"--name={NAME}").returncode != 0

    reader = snapshot_store(writer.store, keys)
    manifest = reader.manifest(choose(reader, NAME, "latest"))
    apply_restore(plan_restore(reader, manifest, state, with_control=True), reader, state)

    assert manifest.id == result.snapshot
    assert box.state() == before
    assert box.kops("get", "clusters", f"--name={NAME}").returncode == 0
    again = box.kops("update", "cluster", f"--name={NAME}")
    assert again.stdout == preview
    assert "Keypair" not in again.stdout
    old = views.view_snapshot(reader, manifest, b"key")
    assert diff(old, views.view_live(state, NAME, b"key")) == ()


def test_what_kops_changed_since_shows_by_name_and_goes_back(box: Box) -> None:
    before = made(box)
    state = LocalStore(box.directory / "state", Clock(time.monotonic, time.sleep))
    snapshots = snapshot_store(MemoryStore())
    create(state, snapshots, [NAME], options=CreateOptions("a test"), progress=Quiet())
    manifest = snapshots.manifest(choose(snapshots, NAME, "latest"))
    for args in (
        ("edit", "instancegroup", "nodes-us-east-1a", "--set=spec.maxSize=9"),
        ("create", "keypair", "kubernetes-ca", "--primary"),
    ):
        done = box.kops(*args, f"--name={NAME}")
        assert done.returncode == 0, done.stderr

    found = diff(
        views.view_snapshot(snapshots, manifest, b"key"), views.view_live(state, NAME, b"key")
    )

    lines = [change.line() for change in found]
    assert "~ instance-group nodes-us-east-1a spec.maxSize: 1 -> 9" in lines
    keyset = [change for change in found if change.subject == "keyset"]
    assert {change.name for change in keyset} == {"kubernetes-ca"}
    assert {(change.action, change.before, change.after) for change in keyset} >= {
        ("changed", "primary", "trusted"),
        ("added", None, "primary"),
    }
    assert {change.subject for change in found} == {"instance-group", "keyset"}

    plan = plan_restore(snapshots, manifest, state)
    assert {write.record.key for write in plan.writes} == {
        "instancegroup/nodes-us-east-1a",
        "pki/private/kubernetes-ca/keyset.yaml",
    }
    apply_restore(plan, snapshots, state)
    assert box.state() == before
