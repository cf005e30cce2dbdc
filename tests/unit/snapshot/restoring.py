"""A cluster's tree, and snapshots of it put together by hand, so that a test can forge them."""

import hashlib
import itertools
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kled.kops.state_store import layout
from kled.retry import Clock
from kled.snapshot.create import archive, payloads
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.manifest import Manifest, complete
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.storage.base import ObjectStore
from kled.storage.local.store import LocalStore
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.etcd.backups import backup

CLUSTER = "demo.example.com"
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
LARGE = b"kled" * 1000
"""Stands for an object over 4 MiB: it goes into a blob."""

CONFIG = b"""apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata:
  creationTimestamp: "2026-11-23T14:58:12Z"
  name: demo.example.com
spec:
  kubernetesVersion: 1.36.0
  etcdClusters:
  - name: main
    etcdMembers:
    - name: a
      instanceGroup: control-plane-a
  - name: events
  subnets: []
"""
GROUP = b"""apiVersion: kops.k8s.io/v1alpha2
kind: InstanceGroup
metadata:
  name: nodes-a
spec:
  machineType: t3.medium
  maxSize: 2
  minSize: 1
  role: Node
"""
KEYSET = b"""apiVersion: kops.k8s.io/v1alpha2
kind: Keyset
metadata:
  name: kubernetes-ca
spec:
  keys:
  - id: "77"
    privateMaterial: cHJpdmF0ZSA3Nw==
    publicMaterial: cHVibGljIDc3
  - id: "66"
    distrustTimestamp: "2026-11-20T00:00:00Z"
    publicMaterial: cHVibGljIDY2
  primaryId: "77"
  type: Keypair
"""
CREATED = "backups/etcd/main/control/etcd-cluster-created"
SPEC = "backups/etcd/main/control/etcd-cluster-spec"
BACKUP = "backups/etcd/main/2026-11-23T14:30:07Z-000042"


def tree() -> dict[str, bytes]:
    return {
        "config": CONFIG,
        "instancegroup/nodes-a": GROUP,
        "clusteraddons/default": b"",
        "pki/private/kubernetes-ca/keyset.yaml": KEYSET,
        "pki/ssh/public/admin/967042": b"ssh-ed25519 AAAA admin@host\n",
        "secrets/admin": b'{"Data":"c2VjcmV0IHZhbHVl"}',
        "secrets/system:dns": b'{"Data":"b3RoZXI="}',
        "cluster-completed.spec": CONFIG + b"# completed\n",
        "kops-version.txt": b"1.36.2",
        "addons/coredns.addons.k8s.io/k8s-1.12.yaml": b"kind: Deployment\n",
        "addons/coredns.addons.k8s.io/more.yaml": b"kind: Service\n",
        "addons/huge.addons.k8s.io/k8s.yaml": LARGE,
        f"{BACKUP}/etcd.backup.gz": backup(),
        f"{BACKUP}/_etcd_backup.meta": b'{"etcdVersion":"3.6.12"}',
        CREATED: b'{"timestamp": 1763909400000000000}',
        SPEC: b'{"memberCount": 1, "etcdVersion": "3.6.12"}',
    }


def plain_tree() -> dict[str, bytes]:
    """What a restore without options brings back."""
    return {key: body for key, body in tree().items() if layout.kind_of(key) != "control"}


def snapshot_store(store: ObjectStore | None = None, keys: Keys | None = None) -> SnapshotStore:
    ticks, chances = itertools.count(), itertools.count(1)
    return SnapshotStore(
        store or MemoryStore(),
        keys or Keys(),
        now=lambda: START + timedelta(minutes=next(ticks)),
        chance=lambda size: next(chances).to_bytes(size, "big"),
    )


def put(store: ObjectStore, objects: Mapping[str, bytes], prefix: str = f"{CLUSTER}/") -> None:
    for key, body in objects.items():
        store.put(prefix + key, body)


def read(store: ObjectStore, prefix: str = f"{CLUSTER}/") -> dict[str, bytes]:
    """All objects below the prefix, as the store itself has them."""
    return {
        entry.key.removeprefix(prefix): store.get(entry.key).body for entry in store.entries(prefix)
    }


def take(
    snapshots: SnapshotStore,
    objects: Mapping[str, bytes],
    *,
    state_store: str = "memory://state",
    tags: Mapping[str, str] | None = None,
    **fields: Any,
) -> Manifest:
    """Write a snapshot of `objects`; `fields` of the manifest are forged after the fact."""
    snapshot_id = snapshots.new_id()
    large = {key for key, body in objects.items() if body == LARGE or "etcd-backup" in _kind(key)}
    blobs = {_sha256(objects[key]): payloads.put_blob(snapshots, objects[key]) for key in large}
    packed = archive.pack({key: body for key, body in objects.items() if key not in large})
    stored = payloads.put_archive(snapshots, CLUSTER, snapshot_id, packed)
    whole: dict[str, Any] = {
        "format": 1,
        "cluster": CLUSTER,
        "id": snapshot_id,
        "created": START,
        "state_store": state_store,
        "quiescent": True,
        "fuzzy": False,
        "definition_digest": "0" * 64,
        "etcd_digest": "0" * 64,
        "archive": stored.model_dump(),
        "archive_of": snapshot_id,
        "objects": [
            {
                "key": key,
                "size": len(objects[key]),
                "sha256": _sha256(objects[key]),
                "kind": _kind(key),
                "tag": (tags or {}).get(key, "?"),
                "blob": _sha256(objects[key]) if key in large else None,
            }
            for key in sorted(objects, key=str.encode)
        ],
        "blobs": [blobs[digest].model_dump() for digest in sorted(blobs)],
        "recipients": snapshots.keys.recipients,
        "proofs": [
            {"level": level, "at": START, "seconds": 0.1, "by": "kled test"} for level in (0, 1)
        ],
    }
    manifest = snapshots.commit(complete({**whole, **fields}))
    return snapshots.manifest(SnapshotRef(CLUSTER, manifest.id))


def age_keys(folder: Path) -> Keys:
    """A fresh recipient, with its identity in a file."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    file = folder / "identity.txt"
    file.touch(0o600)
    file.write_text(f"# made for a test\n{identity}\n")
    return Keys((str(identity.to_public()),), file)


def _kind(key: str) -> str:
    return layout.kind_of(key)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def local(folder: Path) -> LocalStore:
    return LocalStore(folder, Clock(time.monotonic, time.sleep))
