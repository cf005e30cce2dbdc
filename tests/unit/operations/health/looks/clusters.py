"""A cluster that passes for an applied one, healthy at NOW, in a store with chosen dates."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kled.operations.health.looks.stored import StoredCluster, read_clusters
from kled.storage.memory import MemoryStore

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
C = "c.example.com"
PLACE = f"{C}/backups/etcd/main/"
DAY = timedelta(days=1)
KEYSETS = ("kubernetes-ca", "service-account")


@cache
def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(
        int.from_bytes(hashlib.sha256(name.encode()).digest()) >> 1, ec.SECP256R1()
    )


@cache
def certificate(name: str, begins: datetime, ends: datetime) -> bytes:
    """A certificate that signed itself, as PEM."""
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(called).issuer_name(called)
    builder = builder.public_key(key_of(name).public_key()).serial_number(1)
    builder = builder.not_valid_before(begins).not_valid_after(ends)
    made = builder.sign(key_of(name), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class Key:
    """One key of a keyset."""

    number: str
    ends: datetime = NOW + 3000 * DAY
    begins: datetime = NOW - 30 * DAY
    distrusted: bool = False
    damaged: bool = False

    def document(self) -> dict[str, str]:
        material = certificate(self.number, self.begins, self.ends)
        text = base64.b64encode(b"damaged" if self.damaged else material).decode()
        gone = {"distrustTimestamp": "2026-11-01T00:00:00Z"} if self.distrusted else {}
        return {"id": self.number, "publicMaterial": text, **gone}


def keyset(*keys: Key, primary: str = "1") -> bytes:
    document = {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "Keyset",
        "spec": {"keys": [key.document() for key in keys], "primaryId": primary},
    }
    return yaml.safe_dump(document).encode()


def definition(*, members: int = 3, **spec: object) -> bytes:
    names = [{"name": chr(ord("a") + number)} for number in range(members)]
    etcds = [{"name": "main", "etcdMembers": names}]
    document = {"kind": "Cluster", "metadata": {"name": C}, "spec": {"etcdClusters": etcds, **spec}}
    return yaml.safe_dump(document).encode()


@dataclass
class World:
    """A state store, and what time it is when something is written to it."""

    now: datetime = NOW - 90 * DAY
    store: MemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(now=lambda: self.now)

    def write(self, key: str, body: bytes | str, at: datetime | None = None) -> None:
        self.now = at or self.now
        self.store.put(f"{C}/{key}", body.encode() if isinstance(body, str) else body)

    def backup(self, taken: datetime, *, at: datetime | None = None, half: bool = False) -> str:
        """Write a backup of etcd as etcd-manager does; return its name."""
        name = f"{taken:%Y-%m-%dT%H:%M:%SZ}-000001"
        self.write(f"backups/etcd/main/{name}/etcd.backup.gz", "data", at or taken)
        if not half:
            self.write(f"backups/etcd/main/{name}/_etcd_backup.meta", "{}", at or taken)
        return name

    def stored(self, store: ObjectStore | None = None) -> StoredCluster:
        return read_clusters(store or self.store, [C])[C]


def world(*, backup: bool = True, **spec: object) -> World:
    """A cluster that was applied three months ago, and is healthy."""
    made = World()
    for key in ("config", "cluster-completed.spec"):
        made.write(key, definition(**spec))  # type: ignore[arg-type]  # members among them
    made.write("kops-version.txt", "1.36.2")
    for name in KEYSETS:
        made.write(f"pki/private/{name}/keyset.yaml", keyset(Key("1")))
    made.write("backups/etcd/main/control/etcd-cluster-created", '{"timestamp": 1}')
    spec_marker = '{"memberCount": 3, "etcdVersion": "3.6.12"}'
    made.write("backups/etcd/main/control/etcd-cluster-spec", spec_marker)
    if backup:
        made.backup(NOW - timedelta(minutes=9))
    return made
