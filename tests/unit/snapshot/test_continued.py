"""Stores that an earlier version wrote, plain, sealed and signed: read, proved, restored."""

from datetime import timedelta
from pathlib import Path

import pytest

from kled.snapshot import epoch
from kled.snapshot.ledger import read_ledger
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify import lost, proofs, verify
from tests.unit.snapshot import golden
from tests.unit.snapshot.fleets import expected, name, restored

CHANGED = {"addons/a.addons.k8s.io/v1.yaml": b"n: 3"}


@pytest.fixture(params=golden.KINDS)
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(
        golden.store(request.param),
        golden.keys(request.param, tmp_path),
        now=lambda: golden.LAST_RUN + timedelta(minutes=10),
        chance=bytes,
    )


def test_every_snapshot_is_there_and_proved(snapshots: SnapshotStore) -> None:
    refs = list(snapshots.list())

    assert [ref.cluster for ref in refs] == [name(0), name(0), name(1)]
    assert lost(snapshots, refs) == ()
    assert len(read_ledger(snapshots).prunes_after("").removed) == 3
    for ref in refs:
        assert verify(snapshots, ref, level=1, by="test", record=False).findings == ()


def test_the_newest_is_restored_byte_by_byte(snapshots: SnapshotStore) -> None:
    assert restored(snapshots, name(0)) == expected(0, backup=str.encode) | CHANGED
    assert restored(snapshots, name(1)) == expected(1, backup=str.encode)


def test_where_the_clusters_live_is_known(snapshots: SnapshotStore) -> None:
    assert epoch.read(snapshots, name(0)) == epoch.Epoch("memory://golden", 1)


def test_later_proofs_are_found(snapshots: SnapshotStore) -> None:
    ref = next(iter(snapshots.list(name(0))))

    assert [proof.level for proof in proofs(snapshots, snapshots.manifest(ref))] == [0, 1]
