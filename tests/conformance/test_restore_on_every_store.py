"""Every kind of store keeps snapshots, gives them back, and takes what is restored."""

from pathlib import Path

from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.progress import Quiet
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.restoring import CLUSTER, age_keys, plain_tree, put, read, snapshot_store

HUGE = "addons/huge.addons.k8s.io/k8s.yaml"
OTHER = "restored.example.com"


def test_a_snapshot_kept_here_is_restored_here(store: ObjectStore, tmp_path: Path) -> None:
    wanted = plain_tree() | {HUGE: b"larger than four mebibytes" * 200_000}
    state = MemoryStore()
    put(state, wanted)
    (tmp_path / "keys").mkdir()
    snapshots = snapshot_store(store, age_keys(tmp_path / "keys"))
    create(state, snapshots, None, options=CreateOptions("a test"), progress=Quiet())
    manifest = snapshots.manifest(choose(snapshots, CLUSTER, "newest"))

    plan = plan_restore(snapshots, manifest, store, cluster_prefix=OTHER)
    report = apply_restore(plan, snapshots, store)

    assert (report.created, report.replaced) == (len(wanted), 0)
    assert read(store, f"{OTHER}/") == wanted
    assert plan_restore(snapshots, manifest, store, cluster_prefix=OTHER).is_empty

    put(store, {"config": wanted["config"][::-1], HUGE: b"cut", "mine": b"mine"}, f"{OTHER}/")
    again = plan_restore(snapshots, manifest, store, cluster_prefix=OTHER, delete_extra=True)
    report = apply_restore(again, snapshots, store)

    assert (report.created, report.replaced, report.deleted) == (0, 2, 1)
    assert read(store, f"{OTHER}/") == wanted
