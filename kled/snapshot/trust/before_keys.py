"""Snapshots of a definition that was never applied, of a cluster that was applied since.

They are complete as far as they go, and hold no keyset: whoever restores one in place of what was
lost gets a cluster whose machines trust nothing of it. So they are no recovery point of it.
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
    """Whether it holds no keyset at all: kops had not made any."""
    return not contents.keyset_names(record.key for record in manifest.objects)


def ask_newer(newer: Iterable[Manifest | None]) -> str:
    """Say what newer snapshots of the same cluster tell of one that `lacks_keys`; empty: nothing.

    None is one whose manifest cannot be read. They are asked in their order, until one tells.
    """
    maybe = ""
    for snapshot in newer:
        if snapshot is None:
            maybe = MAYBE
        elif not lacks_keys(snapshot):
            return WORDS
    return maybe


def ask_state(state: ObjectStore | None, cluster: str) -> str:
    """Say what the state store at hand tells of such a one; one LIST. Raises nothing.

    A state store that is gone or does not answer tells nothing: that is when people restore.
    """
    try:
        return WORDS if state is not None and has_keysets(state, cluster) else ""
    except KledError:
        return ""


def has_keysets(state: ObjectStore, cluster: str) -> bool:
    """Say whether the state store has keysets of a cluster, which was applied then. One LIST."""
    return next(iter(state.entries(f"{cluster}/{layout.KEYSETS}")), None) is not None


def speaks_against(ledger: Ledger, manifest: Manifest) -> str:
    """Say why a snapshot is no recovery point of its cluster, which was applied; empty: it is one.

    Asks nothing where it has keysets. Else the state store at hand, then newer snapshots, the next
    one first, of the same state store: a LIST, and a GET for each until one tells.
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
