"""Taking an older etcd backup beside damaged ones, so that the snapshot holds a usable one.

etcd-manager never reads back what it wrote; the SHA-256 at the end of a backup shows whether it is
whole. Where all chosen backups are damaged, older ones are read one after the other, until one is
whole, none is left, or it takes too long: a backup can be made to unpack to gigabytes, and a
cluster may have thousands.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kled.errors import ObjectMissing, PreconditionFailed
from kled.kops.state_store import layout
from kled.snapshot import etcd
from kled.snapshot.create.selection import Selection, group_backups, replace_backups
from kled.snapshot.create.spool import Spool
from kled.snapshot.documents.manifest import Payload
from kled.storage.base import Entry, ObjectStore

PATIENCE: Final = timedelta(minutes=5)
"""For all older backups of one etcd cluster; ordinary ones are read by the thousand in it."""
StorePayload = Callable[[Spool], Payload]


@dataclass(frozen=True, slots=True)
class TakenBackups:
    """The selection with the older backups in it, and their blobs by the object's key."""

    selection: Selection
    blobs: Mapping[str, Payload]


def find_broken(chosen: Selection, damaged: Collection[str]) -> tuple[str, ...]:
    """Return the etcd clusters all of whose chosen backups are damaged."""
    data = [backup.key for backup in chosen.backups if layout.is_backup_data(backup.key)]
    whole = {key.split("/")[2] for key in data if key not in damaged}
    return tuple(name for name, names in chosen.etcd.items() if names and name not in whole)


def take_older(
    state: ObjectStore,
    chosen: Selection,
    name: str,
    store: StorePayload,
    failed: Collection[str] = (),
    monotonic: Callable[[], float] = time.monotonic,
) -> TakenBackups | None:
    """Take the newest whole backup of an etcd cluster beside those chosen; None: there is none.

    One LIST, and a reading of each older one up to it, as long as there is patience. `store` writes
    a blob; data whose SHA-256 is among the `failed` is damaged. Raises what the stores raise.
    """
    listed = list(state.entries(f"{chosen.cluster}/backups/etcd/{name}/"))
    backups, names = group_backups(chosen.cluster, listed), chosen.etcd[name]
    if not set(names) <= backups.keys():
        return None  # etcd-manager dropped one meanwhile: the next run chooses anew
    bad, ends = 0, monotonic() + PATIENCE.total_seconds()
    for backup in sorted(backups.keys() - set(names), reverse=True):
        if not layout.is_complete(file.key for file in backups[backup]):
            continue
        if monotonic() > ends:
            break
        blobs = _store_whole(state, chosen.cluster, backups[backup], store)
        if blobs is not None and not any(blob.sha256 in failed for blob in blobs.values()):
            return TakenBackups(replace_backups(chosen, name, listed, (*names, backup), bad), blobs)
        bad += 1
    return None


def _store_whole(
    state: ObjectStore, cluster: str, files: Iterable[Entry], store: StorePayload
) -> dict[str, Payload] | None:
    """Store the files of one backup and return their blobs; None where it is damaged, or gone."""
    blobs = {}
    for file in sorted(files, key=lambda entry: not layout.is_backup_data(entry.key)):
        with Spool() as spool:
            try:
                with state.read(f"{cluster}/{file.key}", tag=file.tag) as reading:
                    spool.fill(reading.chunks())
            except (ObjectMissing, PreconditionFailed):
                return None
            if layout.is_backup_data(file.key) and etcd.find_trouble(spool) is not None:
                return None
            blobs[file.key] = store(spool)
    return blobs
