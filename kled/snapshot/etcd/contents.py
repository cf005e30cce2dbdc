"""What Kubernetes keeps in an etcd backup: counts per resource, newest revision, Secrets in clear.

kube-apiserver writes `/registry/<resource>/…` for its oldest resources and
`/registry/<group>/<resource>/…` for those of a group with a dot in its name; an encrypted value
starts with `k8s:enc:<provider>:<version>:<key name>:`.
"""

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.create.spool import Bytes
from kled.snapshot.etcd.backup import LARGEST, open_backup
from kled.snapshot.etcd.bolt import BoltBucket, Database
from kled.snapshot.etcd.revisions import Revision, parse

_ENCRYPTED: Final = b"k8s:enc:"
_SECRETS: Final = "secrets"
_KEYS_AT_ONCE: Final = 200_000  # about 40 MB; more revisions than that take more than one pass
_OTHER: Final = "(other)"
_MOST_RESOURCES: Final = 4096
_LONGEST_NAME: Final = 253
_LONGEST_KEY: Final = 512


@dataclass(frozen=True, slots=True)
class EtcdContents:
    """The counts of one backup; values and names of objects are left out."""

    size: int
    """Bytes of the unpacked database."""
    pages: int
    newest_revision: int
    """0 where nothing was ever written."""
    revisions: int
    """Changes that are kept, deletions included; what was compacted is gone."""
    keys: int
    """Live keys at the newest revision."""
    resources: Mapping[str, int]
    """Live keys per resource, `deployments` or `<resource>.<group>`, sorted by name; keys outside
    of `/registry/` count as their first part in brackets."""
    clear_secrets: int
    """Live Secrets whose value is not encrypted."""

    @property
    def secrets(self) -> int:
        """Live Secrets."""
        return self.resources.get(_SECRETS, 0)

    def require_encrypted_secrets(self) -> None:
        """Raise `SnapshotNotTrustworthy` where Secrets are in clear.

        For clusters that have an `encryptionconfig`: it promises that etcd holds none.
        """
        if self.clear_secrets:
            raise SnapshotNotTrustworthy(
                f"{self.clear_secrets} of {self.secrets} Secrets are stored in clear in etcd, "
                "although the cluster has an encryptionconfig",
                hint="write them again, and they are encrypted: "
                "kubectl get secrets --all-namespaces --output=json | kubectl replace --filename=-",
            )

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json` and verification records."""
        return {
            "size": self.size,
            "pages": self.pages,
            "newest_revision": self.newest_revision,
            "revisions": self.revisions,
            "keys": self.keys,
            "resources": dict(self.resources),
            "clear_secrets": self.clear_secrets,
        }


class _Live(NamedTuple):
    resource: str
    clear_secret: bool


def inspect(
    chunks: Iterable[bytes],
    *,
    directory: Path | None = None,
    limit: int = LARGEST,
    keys_at_once: int = _KEYS_AT_ONCE,
) -> EtcdContents:
    """Open the `etcd.backup.gz` that `chunks` are, prove that etcd could, and count what is in it.

    Checks gzip, the SHA-256 at the end, the meta pages, every page of every bucket, and every
    revision. Raises `SnapshotNotTrustworthy` naming the first thing that is wrong, whatever the
    bytes are. Memory is bounded by `keys_at_once`; for `directory` and `limit` see
    `backup.open_backup`. Changes nothing.
    """
    with open_backup(chunks, directory=directory, limit=limit) as data:
        return count(data, Database(data), keys_at_once)[0]


def count(
    data: Bytes, database: Database, keys_at_once: int = _KEYS_AT_ONCE
) -> tuple[EtcdContents, BoltBucket]:
    """Return what is in an opened database, as `inspect` does, and the bucket that holds it."""
    bucket = database.buckets().get(b"key")
    if bucket is None:
        raise SnapshotNotTrustworthy("the etcd database has no bucket `key`")
    counts, newest, clear = _count_live(database, bucket, keys_at_once)
    contents = EtcdContents(
        size=len(data),
        pages=database.meta.pages,
        newest_revision=newest,
        revisions=bucket.items,
        keys=counts.total(),
        resources=dict(sorted(counts.items())),
        clear_secrets=clear,
    )
    return contents, bucket


def _count_live(
    database: Database, bucket: BoltBucket, at_once: int
) -> tuple[Counter[str], int, int]:
    """Count live keys, one share of the keys per pass; return counts, newest revision, clear."""
    counts: Counter[str] = Counter()
    newest = clear = 0
    passes = bucket.items // at_once + 1
    for share in range(passes):
        live: dict[bytes, _Live] = {}
        for change in _revisions(database, bucket):
            newest = change.main
            if passes > 1 and zlib.crc32(change.key) % passes != share:
                continue
            key = _shorten_key(change.key)
            if change.value is None:
                live.pop(key, None)
            else:
                live[key] = _judge(change.key, change.value)
        clear += sum(entry.clear_secret for entry in live.values())
        for entry in live.values():
            known = entry.resource in counts or len(counts) < _MOST_RESOURCES
            counts[entry.resource if known else _OTHER] += 1
    return counts, newest, clear


def _revisions(database: Database, bucket: BoltBucket) -> Iterator[Revision]:
    return (parse(name, record) for name, record in database.items(bucket))


def _judge(key: bytes, value: bytes) -> _Live:
    resource = resource_of(key)
    return _shared(resource, resource == _SECRETS and not value.startswith(_ENCRYPTED))


_shared = lru_cache(_MOST_RESOURCES)(_Live)
"""Frozen values, of which a backup has a million with a hundred that differ."""


def _shorten_key(key: bytes) -> bytes:
    """Return what stands for `key` in memory: itself, unless it is longer than Kubernetes' are."""
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key).digest()


def resource_of(key: bytes) -> str:
    """Return the resource that an object of etcd key `key` is of."""
    match key.decode(errors="replace").lstrip("/").split("/"):
        case ["registry", group, resource, _, *_] if "." in group:
            name = f"{resource}.{group}"
        case ["registry", "services", ("endpoints" | "specs") as kind, *_]:
            name = "services" if kind == "specs" else kind
        case ["registry", "minions", _, *_]:
            name = "nodes"
        case ["registry", resource, _, *_]:
            name = resource
        case [first, *_]:
            name = f"({first})"
        case _:
            name = _OTHER
    return name[:_LONGEST_NAME]
