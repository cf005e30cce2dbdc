"""Which keysets and secrets are whole: in the state store, and in a snapshot that would be named.

A snapshot that an earlier kled took for complete may hold the very damage that it is to mend, so
what it has is read before anybody is told to restore it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kled.errors import InvalidInput, SnapshotNotTrustworthy, StoreDenied
from kled.kops import keyset_keys, layout, stored
from kled.operations.session import Session
from kled.storage.bounded import get_bounded

if TYPE_CHECKING:
    from kled.snapshot.manifest import Manifest


def damaged(session: Session, cluster: str) -> Mapping[str, tuple[str, ...]]:
    """Return what is wrong with the stored keysets, by the key of each that is damaged; only reads.

    Keys are relative to the cluster's prefix. Of a keyset that stands under its former name, too,
    kops reads the present one.
    """
    store, prefix = session.state_store, f"{cluster}/"
    there = [one.key.removeprefix(prefix) for one in store.entries(f"{prefix}{layout.KEYSETS}")]
    found = {
        key: tuple(stored.keyset_findings(key, get_bounded(store, f"{prefix}{key}").body))
        for key in sorted(keyset_keys.files(there).values())
    }
    return {key: words for key, words in found.items() if words}


def held_whole(session: Session, manifest: "Manifest", keys: frozenset[str]) -> frozenset[str]:
    """Return which of `keys` the snapshot has, and has whole: one request, for its archive.

    What no identity opens is taken for whole, since nothing tells otherwise. Raises what may pass.
    """
    from kled.snapshot.contents import archived_objects, packed_archive  # noqa: PLC0415

    there = keys & {one.key for one in manifest.objects if one.kind == "identity"}
    if not there:
        return there
    try:
        packed = packed_archive(session.snapshot_store, manifest)
        bodies = {record.key: body for record, body in archived_objects(manifest, packed)}
    except InvalidInput:
        return there
    except (SnapshotNotTrustworthy, StoreDenied):
        return frozenset()
    return frozenset(
        key for key in there & bodies.keys() if not any(stored.material_findings(key, bodies[key]))
    )
