"""What the backups of etcd hold: the newest that opens is read, and those that do not say why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from kled.documents import parse_json
from kled.errors import DocumentDamaged, ObjectMissing, SnapshotNotTrustworthy
from kled.kops.state_store import layout
from kled.recovery.evidence import BackupLeft, EtcdLeft
from kled.recovery.known import Unknown
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.etcd.inside import look_inside
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import blob_file
from kled.storage.base import ObjectStore
from kled.storage.bounded import get_bounded

MAIN: Final = "main"
"""The etcd cluster with what people made; `events` and `cilium` fill themselves again."""
_CHUNK: Final = 1 << 20
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backup that may be read, and how."""

    backup: BackupLeft
    chunks: Callable[[], AbstractContextManager[Iterable[bytes]]]
    """Opens the bytes of its database, as etcd-manager stores them."""
    meta: Callable[[], bytes]
    """Returns its description."""


def look_into_etcd(candidates: Sequence[Candidate]) -> EtcdLeft | Unknown:
    """Return what the newest backup of etcd main that opens holds, and what is wrong with newer.

    Reads each to the end until one opens. Raises what the stores raise, and `InvalidInput` for one
    that is encrypted where no identity is configured.
    """
    mine = [each for each in candidates if each.backup.etcd == MAIN]
    tried: list[BackupLeft] = []
    for candidate in sorted(mine, key=lambda each: each.backup.name, reverse=True):
        backup = replace(candidate.backup, etcd_version=_version(candidate))
        try:
            with candidate.chunks() as chunks:
                inside = look_inside(chunks)
        except (SnapshotNotTrustworthy, ObjectMissing) as error:
            tried.append(replace(backup, trouble=error.message))
            continue
        return EtcdLeft((*tried, replace(backup, proved=True)), inside)
    if tried:
        return EtcdLeft(tuple(tried))
    return Unknown("no backup of etcd main is in the state store, nor in a snapshot")


def _version(candidate: Candidate) -> str | None:
    try:
        document = parse_json(candidate.meta(), what="the description of an etcd backup")
    except (ObjectMissing, DocumentDamaged):
        return None
    version = document.get("etcdVersion") if isinstance(document, Mapping) else None
    return str(version)[:_LONGEST] if version else None


def in_state(store: ObjectStore, cluster: str, backups: Iterable[BackupLeft]) -> list[Candidate]:
    """Return the backups of a state store."""
    return [_in_state(store, f"{cluster}/{_place(backup)}", backup) for backup in backups]


def _in_state(store: ObjectStore, place: str, backup: BackupLeft) -> Candidate:
    @contextmanager
    def chunks() -> Iterator[Iterable[bytes]]:
        with store.read(f"{place}{layout.BACKUP_DATA}") as reading:
            yield reading.chunks()

    return Candidate(
        backup, chunks, lambda: get_bounded(store, f"{place}{layout.BACKUP_META}").body
    )


def in_snapshot(
    snapshots: SnapshotStore,
    manifest: Manifest,
    objects: Mapping[str, bytes],
    backups: Iterable[BackupLeft],
) -> list[Candidate]:
    """Return the backups of a snapshot, whose archive holds `objects`."""
    return [_in_snapshot(snapshots, manifest, objects, backup) for backup in backups]


def _in_snapshot(
    snapshots: SnapshotStore,
    manifest: Manifest,
    objects: Mapping[str, bytes],
    backup: BackupLeft,
) -> Candidate:
    def body(file: str) -> bytes:
        with _opened(snapshots, manifest, objects, f"{_place(backup)}{file}") as chunks:
            return b"".join(chunks)

    return Candidate(
        backup,
        lambda: _opened(snapshots, manifest, objects, f"{_place(backup)}{layout.BACKUP_DATA}"),
        lambda: body(layout.BACKUP_META),
    )


@contextmanager
def _opened(
    snapshots: SnapshotStore, manifest: Manifest, objects: Mapping[str, bytes], key: str
) -> Iterator[Iterable[bytes]]:
    """Yield the bytes of an object of a snapshot, each proved."""
    if key in objects:
        yield [objects[key]]
        return
    digest = next((each.blob for each in manifest.objects if each.key == key), None)
    payload = next((each for each in manifest.blobs if each.sha256 == digest), None)
    if payload is None:
        raise ObjectMissing(f"{key} is not in snapshot {manifest.id}")
    with blob_file(snapshots, payload, what=f"{key} of snapshot {manifest.id}") as file:
        file.seek(0)
        yield iter(lambda: file.read(_CHUNK), b"")


def _place(backup: BackupLeft) -> str:
    return f"backups/etcd/{backup.etcd}/{backup.name}/"
