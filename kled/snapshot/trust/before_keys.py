"""Snapshots of a definition that was never applied, of a cluster that was applied since.

They are complete as far as they go, but hold no keyset: restoring one would give a cluster whose
machines trust none of its keys. So they do not count as recovery points.
"""

from collections.abc import Iterable
from typing import Final

from kled.errors import KledError, SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store import contents, layout
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.trust.ledger import Ledger
from kled.snapshot.trust.settling import BEFORE_KEYS
from kled.storage.base import ObjectStore

WORDS: Final = f"{BEFORE_KEYS} the cluster was applied since"
MAYBE: Final = f"{BEFORE_KEYS} a newer snapshot that cannot be read may have them"


def lacks_keys(manifest: Manifest) -> bool:
    """Say whether the snapshot was taken before kops made any keyset."""
    return not contents.keyset_names(record.key for record in manifest.objects)


def ask_newer(newer: Iterable[Manifest | None]) -> str:
    """Say what newer snapshots show of one that `lacks_keys`; empty where they show nothing.

    None stands for a manifest that cannot be read. They are read in order until one decides.
    """
    maybe = ""
    for snapshot in newer:
        if snapshot is None:
            maybe = MAYBE
        elif not lacks_keys(snapshot):
            return WORDS
    return maybe


def ask_state(state: ObjectStore | None, cluster: str) -> str:
    """Say what the state store at hand shows of such a snapshot; one LIST. Raises nothing.

    A state store that is gone or does not answer shows nothing: that is when people restore.
    """
    try:
        return WORDS if state is not None and has_keysets(state, cluster) else ""
    except KledError:
        return ""


def has_keysets(state: ObjectStore, cluster: str) -> bool:
    """Say whether the state store has keysets of a cluster, which was applied then. One LIST."""
    return next(iter(state.entries(f"{cluster}/{layout.KEYSETS}")), None) is not None


def speaks_against(ledger: Ledger, manifest: Manifest) -> str:
    """Say why a snapshot is from before its cluster was applied; empty where it is not.

    A snapshot with keysets needs no request. Otherwise the state store at hand is asked, then newer
    snapshots of the same state store, the next one first: a LIST, and a GET for each until one
    decides.
    """
    if not lacks_keys(manifest):
        return ""
    return ask_state(ledger.state, manifest.cluster) or ask_newer(_newer(ledger, manifest))


def _newer(ledger: Ledger, manifest: Manifest) -> Iterable[Manifest | None]:
    cluster, snapshots = manifest.cluster, ledger.snapshots
    ids = ledger.oldest_first(cluster, (ref.id for ref in snapshots.list(cluster)))
    at = ids.index(manifest.id) + 1 if manifest.id in ids else len(ids)
    for snapshot_id in ids[at:]:
        try:
            newer = snapshots.manifest(SnapshotRef(cluster, snapshot_id))
        except SnapshotMissing:  # pruned since
            continue
        except SnapshotNotTrustworthy:
            yield None
        else:
            if newer.state_store == manifest.state_store:
                yield newer
