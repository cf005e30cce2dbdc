"""The snapshot before a deletion: all etcd backups, and read back."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyrage
import pytest

from kled.errors import NotApproved, SnapshotNotTrustworthy
from kled.models.definition import Definition
from kled.operations.guards.final_snapshot import final_step, require_inside
from kled.operations.records import begun_deletion
from kled.operations.step import attempt
from tests.sites import session_at
from tests.unit.snapshot import fleets

CLUSTER = fleets.name(1)
ETCD = Path(__file__).parents[3] / "captures" / "etcd" / "etcd-3.6.gz"
BACKUPS = 4


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A state store with a cluster of four etcd backups, all of which open."""
    for key, body in fleets.objects(1, backups=BACKUPS).items():
        path = tmp_path / "state" / CLUSTER / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ETCD.read_bytes() if key.endswith("etcd.backup.gz") else body)
    (tmp_path / "snapshots").mkdir()
    return tmp_path


def take(root: Path) -> str:
    return attempt(final_step(CLUSTER), session_at(root))


def kept(root: Path) -> list[str]:
    """Return the keys of the newest snapshot."""
    newest = max((root / "snapshots").rglob("manifest.json"))
    return [one["key"] for one in json.loads(newest.read_text())["objects"]]


def test_every_etcd_backup_is_copied_though_snapshots_take_the_newest_alone(root: Path) -> None:
    words = take(root)

    assert f"{BACKUPS} etcd backups copied" in words
    assert len([key for key in kept(root) if key.endswith("etcd.backup.gz")]) == BACKUPS


def test_it_is_read_back_again_where_nothing_is_new(root: Path) -> None:
    take(root)
    assert take(root).startswith("nothing is new since")

    blob = max((root / "snapshots" / "blobs").rglob("*"), key=lambda path: path.is_file())
    blob.unlink()

    assert take(root).startswith("snapshot ")


def test_a_cluster_that_is_gone_has_nothing_to_keep(root: Path) -> None:
    shutil.rmtree(root / "state" / CLUSTER)

    assert "nothing to snapshot" in take(root)


def begun(root: Path) -> None:
    """Put a deletion of the cluster on record, as one that kops is at has it."""
    stored = Definition({"metadata": {"name": CLUSTER}, "spec": {}}, ())
    begun_deletion.write(session_at(root), CLUSTER, stored)


def remove(root: Path, *parts: str) -> None:
    for part in parts:
        shutil.rmtree(root / "state" / CLUSTER / part)


@pytest.mark.parametrize("gone", [("pki",), ("pki", "secrets"), ("pki", "instancegroup")])
def test_a_deletion_that_was_killed_goes_on_over_what_it_left(
    root: Path, gone: tuple[str, ...]
) -> None:
    take(root)
    snapshot = max((root / "snapshots").rglob("manifest.json")).parent.name
    begun(root)
    remove(root, *gone)

    words = take(root)

    assert words.startswith(f"snapshot {snapshot} has all that a deletion left; read back")
    assert max((root / "snapshots").rglob("manifest.json")).parent.name == snapshot


def test_keys_that_are_lost_while_no_deletion_is_under_way_are_no_rest_of_one(root: Path) -> None:
    take(root)
    remove(root, "pki")

    with pytest.raises(SnapshotNotTrustworthy, match="keyset"):
        take(root)


def test_what_was_written_since_the_snapshot_is_not_known_to_be_kept(root: Path) -> None:
    take(root)
    begun(root)
    remove(root, "pki")
    (root / "state" / CLUSTER / "config").write_text("spec: {}")

    with pytest.raises(SnapshotNotTrustworthy):
        take(root)


def test_the_newest_etcd_backup_has_to_open(root: Path) -> None:
    newest = max((root / "state" / CLUSTER).rglob("etcd.backup.gz"))
    newest.write_bytes(ETCD.read_bytes()[:-100])

    with pytest.raises(SnapshotNotTrustworthy, match="newest backup of etcd") as refusal:
        take(root)

    assert "--no-snapshot" in str(refusal.value.hint)


def test_where_nobody_can_open_it_its_bytes_are_proved_and_that_is_said(root: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    sealed = {"KLED_SNAPSHOT_RECIPIENTS": str(identity.to_public())}
    file = root / "identity"
    file.touch(mode=0o600)
    file.write_text(str(identity))

    closed = attempt(final_step(CLUSTER), session_at(root, env=sealed))
    opening = {**sealed, "KLED_SNAPSHOT_IDENTITY": str(file)}
    opened = attempt(final_step(CLUSTER), session_at(root, env=opening))

    assert closed.endswith(f"{BACKUPS} etcd backups copied, not opened: no identity here")
    assert opened.endswith(f"{BACKUPS} etcd backups copied")


@pytest.mark.parametrize(
    "spec",
    [
        {"keyStore": "s3://elsewhere/pki"},
        {"configBase": "s3://state/other.example.com"},
        {"etcdClusters": [{"name": "main", "backups": {"backupStore": "s3://backups/etcd"}}]},
    ],
)
def test_what_goes_and_is_in_no_snapshot_is_named(root: Path, spec: dict[str, Any]) -> None:
    stored = Definition({"metadata": {"name": CLUSTER}, "spec": spec}, ())

    with pytest.raises(NotApproved, match=r"spec\.\w+") as refusal:
        require_inside(session_at(root, env={"KOPS_STATE_STORE": "s3://state"}), stored)

    assert "outside of s3://state" in refusal.value.message


def test_what_is_kept_below_the_cluster_is_fine(root: Path) -> None:
    base = f"s3://state/{CLUSTER}"
    backups = {"name": "main", "backups": {"backupStore": f"{base}/backups/etcd/main"}}
    spec = {"configBase": base, "keyStore": f"{base}/pki", "etcdClusters": [backups, {"name": "x"}]}

    require_inside(
        session_at(root, env={"KOPS_STATE_STORE": "s3://state"}),
        Definition({"metadata": {"name": CLUSTER}, "spec": spec}, ()),
    )
