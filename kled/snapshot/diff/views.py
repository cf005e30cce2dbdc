"""The states to compare: that of a snapshot, and that of the state store now.

Both hold the same objects. Of etcd's backups only the names count, and of live control state only
the markers.
"""

import hashlib
import hmac
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from kled.errors import ClusterNotFound, ObjectMissing
from kled.kops.state_store import layout
from kled.sentences import options
from kled.snapshot.create.selection import LARGE
from kled.snapshot.diff.diff import View, make_view
from kled.snapshot.diff.facts import Fingerprints
from kled.snapshot.documents import names
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.documents.sealing import private_text
from kled.snapshot.parallel import in_parallel
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import archived_objects, packed_archive
from kled.storage.base import Entry, ObjectStore, oddity

LIVE: Final = "live"
_PURPOSE: Final = b"kled fingerprints 1"


def fingerprint_key(identity: Path | None, chance: bytes) -> bytes:
    """Return the key that secrets are fingerprinted with.

    Derived from the age identity where there is one, so that the holder sees the same fingerprint
    in each comparison; else `chance`, so that fingerprints mean something in one comparison only.
    """
    if identity is None:
        return chance
    text = private_text(identity, "KLED_SNAPSHOT_IDENTITY")
    return hmac.digest(text.encode(), _PURPOSE, "sha256")


def view_snapshot(snapshots: SnapshotStore, manifest: Manifest, key: bytes) -> View:
    """Return the state that a snapshot holds; one request.

    Raises `SnapshotNotTrustworthy` where a byte is not as its manifest says, and `InvalidInput`
    where it is encrypted and no identity is at hand.
    """
    packed = packed_archive(snapshots, manifest)
    large = [
        (record.key, record.sha256)
        for record in manifest.objects
        if record.blob is not None and record.kind != "etcd-backup"
    ]
    return make_view(
        manifest.id,
        manifest.cluster,
        ((record.key, body) for record, body in archived_objects(manifest, packed)),
        Fingerprints(key),
        opaque_objects=large,
        etcd_backups=layout.etcd_backups(record.key for record in manifest.objects),
    )


def view_live(state: ObjectStore, cluster: str, key: bytes, *, known: bool = False) -> View:
    """Return the state that the state store holds now; one request for each object and listing.

    An object that is deleted in the meantime is left out. Raises `ClusterNotFound` for a cluster
    without a definition, unless the cluster is `known` to have existed: then its state is whatever
    is left of it.
    """
    prefix = f"{names.check_cluster(cluster)}/"
    entries = list(state.entries(prefix))
    if not known and not any(entry.key == prefix + layout.CONFIG for entry in entries):
        kept = options(name=cluster, snapshot="latest")
        raise ClusterNotFound(
            f'cluster "{cluster}" not found in {state.location.url}',
            hint=f"to see what it was: kled snapshot show {kept}; to put it back: kled snapshot"
            f" restore {kept}",
        )
    wanted = [entry for entry in entries if _is_compared(entry.key.removeprefix(prefix))]
    wanted = [entry for entry in wanted if oddity(entry.key) is None]
    config = prefix + layout.CONFIG  # a link in its place is an error, no difference
    wanted = [entry for entry in wanted if entry.unfit is None or entry.key == config]
    small = [entry for entry in wanted if entry.size <= LARGE]
    large = [entry for entry in wanted if entry.size > LARGE]
    return make_view(
        LIVE,
        cluster,
        _read(state, prefix, small),
        Fingerprints(key),
        opaque_objects=_hash_objects(state, prefix, large),
        etcd_backups=layout.etcd_backups(entry.key.removeprefix(prefix) for entry in entries),
    )


def _is_compared(key: str) -> bool:
    kind = layout.kind_of(key)
    return kind in {"identity", "intent", "derived"} or layout.is_marker(key)


def _read(state: ObjectStore, prefix: str, entries: list[Entry]) -> Iterator[tuple[str, bytes]]:
    def get(entry: Entry) -> tuple[str, bytes] | None:
        try:
            return entry.key.removeprefix(prefix), state.get(entry.key).body
        except ObjectMissing:
            return None

    tasks = ((entry.size, partial(get, entry)) for entry in entries)
    yield from filter(None, in_parallel(tasks))


def _hash_objects(
    state: ObjectStore, prefix: str, entries: list[Entry]
) -> Iterator[tuple[str, str]]:
    for entry in entries:
        digest = hashlib.sha256()
        try:
            with state.read(entry.key) as reading:
                for chunk in reading.chunks():
                    digest.update(chunk)
        except ObjectMissing:
            continue
        yield entry.key.removeprefix(prefix), digest.hexdigest()
