"""A snapshot says what of it machines could not boot from, and a restore keeps what is whole (F3).

It can be trusted all the same: the next update writes these objects anew, and a snapshot that is
not trusted would stand in the way of that update.
"""

import pytest

from kled.kops.state_store import layout
from kled.snapshot.create.results import ClusterResult
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.snapshot.trust.trust import trust_of
from kled.snapshot.verify.verify import verify
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, group, name, state

CLUSTER = name(0)
CONFIG = "igconfig/node/nodes/nodeupconfig.yaml"
WHOLE = b"ClusterName: c000.example.com\nusesNoneDNS: true\n"


def cluster(body: bytes = b"") -> MemoryStore:
    store = state(1)
    store.put(f"{CLUSTER}/instancegroup/nodes", group("role: Node, maxSize: 1"))
    store.put(f"{CLUSTER}/{CONFIG}", body)
    return store


def taken(runs: Runs) -> tuple[ClusterResult, Manifest]:
    (result,) = runs.run().clusters
    return result, runs.snapshots.manifest(SnapshotRef(CLUSTER, result.snapshot or ""))


@pytest.mark.parametrize("key", [CONFIG, layout.KOPS_VERSION])
def test_what_is_empty_is_copied_and_said_and_keeps_the_snapshot_trusted(key: str) -> None:
    store = cluster(WHOLE)
    store.put(f"{CLUSTER}/{key}", b"")

    result, manifest = taken(Runs(store, MemoryStore()))

    assert (result.level, result.reasons) == (1, ())
    (said,) = result.findings
    assert said.startswith(f"{key} ")
    assert trust_of(manifest).remarks == (said,)
    assert key in {one.key for one in manifest.objects}


def test_it_is_said_of_the_next_snapshot_with_the_same_definition_until_it_is_mended() -> None:
    store = cluster()
    runs = Runs(store, MemoryStore())
    taken(runs)
    store.put(f"{CLUSTER}/backups/etcd/main/2026-11-25T00:00:00Z-000009/_etcd_backup.meta", b"{}")
    store.put(f"{CLUSTER}/backups/etcd/main/2026-11-25T00:00:00Z-000009/etcd.backup.gz", b"")

    again, manifest = taken(runs)
    store.put(f"{CLUSTER}/{CONFIG}", WHOLE)
    mended, _ = taken(runs)

    assert any(said.startswith(CONFIG) for said in again.findings)
    assert CONFIG in manifest.derived_damage
    assert not any(said.startswith(CONFIG) for said in mended.findings)


@pytest.mark.parametrize("named", [True, False], ids=["one cluster", "all"])
def test_a_run_that_finds_nothing_new_says_it_again_until_it_is_mended(*, named: bool) -> None:
    """A second run was silent about it: nothing was new."""
    store = cluster()
    runs = Runs(store, MemoryStore())
    first, _ = taken(runs)

    for _ in range(2):
        (again,) = (runs.run([CLUSTER]) if named else runs.run()).clusters
        assert again.reused
        assert (again.snapshot, again.findings) == (first.snapshot, first.findings)
        assert (again.level, again.reasons) == (1, ())
    store.put(f"{CLUSTER}/{CONFIG}", WHOLE)
    assert taken(runs)[0].findings == ()
    assert taken(runs)[0].reused


def test_a_verification_says_it_too_also_of_a_snapshot_that_says_nothing() -> None:
    runs = Runs(cluster(), MemoryStore())
    result, _ = taken(runs)

    report = verify(
        runs.snapshots, SnapshotRef(CLUSTER, result.snapshot or ""), level=1, by="kled 0"
    )

    assert report.trustworthy
    assert any(said.startswith(f"{CONFIG} is empty") for said in report.unproved)


def test_a_restore_puts_none_over_what_is_there_and_says_so() -> None:
    runs = Runs(cluster(), MemoryStore())
    _, manifest = taken(runs)
    target = cluster(WHOLE)
    target.put(f"{CLUSTER}/config", b"another")

    planned = plan_restore(runs.snapshots, manifest, target)
    apply_restore(planned, runs.snapshots, target)

    assert target.get(f"{CLUSTER}/{CONFIG}").body == WHOLE
    assert planned.replaced() == ["config"]
    assert planned.as_json()["damaged"] == {CONFIG: "is empty"}
    assert plan_restore(runs.snapshots, manifest, target).is_empty


def test_where_nothing_is_there_every_byte_comes_back() -> None:
    runs = Runs(cluster(), MemoryStore())
    _, manifest = taken(runs)
    target = MemoryStore()

    apply_restore(plan_restore(runs.snapshots, manifest, target), runs.snapshots, target)

    assert target.get(f"{CLUSTER}/{CONFIG}").body == b""
