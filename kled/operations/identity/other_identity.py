"""Whether a cluster's keysets hold the keys that it had.

A keyset of the right name is not enough: kops goes on with whatever key it finds there.
"""

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from kled.errors import KledError, ObjectMissing
from kled.kops.state_store import keyset_keys, layout
from kled.kops.state_store.identity import NODE_CONFIGS
from kled.operations.fleet.stored_names import keys_below
from kled.operations.session import Session
from kled.storage.bounded import get_bounded

if TYPE_CHECKING:
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.losses.other_keysets import OtherKeysets

_LOOKED_AT: Final = 50
"""How many snapshots are searched for a trusted one, newest first."""


def compare(session: Session, cluster: str) -> "OtherKeysets":
    """Compare the stored keysets with the newest trusted snapshot, and with the machines' keys.

    A key that neither of them has is compared with the keys of the state store's other clusters.

    Only reads. A snapshot store that cannot be read is left out; the steps that need it raise the
    error.
    """
    from kled.snapshot.losses.other_keysets import (  # noqa: PLC0415 - not for --help
        OtherKeysets,
        other_keysets,
    )

    objects = _objects(session, cluster)
    if not keyset_keys.of_store(objects):
        return OtherKeysets()
    try:
        before = newest_trusted(session, cluster)
        kept = session.snapshot_store if before is not None else None
        return other_keysets(kept, before, objects, cluster, session.state_store)
    except KledError:
        return other_keysets(None, None, objects, cluster)


def compare_with(session: Session, cluster: str, snapshot: str) -> "OtherKeysets":
    """Compare the stored keysets with one snapshot, wherever it was taken.

    Only reads. Raises what the snapshot store raises.
    """
    from kled.snapshot.losses.other_keysets import other_keysets  # noqa: PLC0415 - not for --help
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415

    kept = session.snapshot_store
    manifest = kept.manifest(SnapshotRef(cluster, snapshot))
    return other_keysets(kept, manifest, _objects(session, cluster), cluster)


def kept_objects(session: Session, cluster: str) -> dict[str, bytes]:
    """Return the cluster's objects in the newest trusted snapshot, except for large ones.

    They are named by key relative to the prefix; empty where there is no such snapshot. Only reads.
    Raises what the snapshot store raises.
    """
    from kled.snapshot.verify.contents import archived_objects, packed_archive  # noqa: PLC0415

    manifest = newest_trusted(session, cluster)
    if manifest is None:
        return {}
    packed = packed_archive(session.snapshot_store, manifest)
    return {record.key: body for record, body in archived_objects(manifest, packed)}


def _objects(session: Session, cluster: str) -> dict[str, bytes]:
    """Return the objects that tell a cluster's identity, by key relative to the prefix.

    These are keysets, secrets, the control plane's configuration, and the definition.
    """
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    listed = partial(keys_below, session.state_store, cluster)

    def read(key: str) -> tuple[str, bytes] | None:
        try:
            return key, get_bounded(session.state_store, f"{cluster}/{key}").body
        except ObjectMissing:
            return None

    keysets = keyset_keys.files(listed(layout.KEYSETS)).values()
    keys = (*keysets, *listed(NODE_CONFIGS), *listed(layout.SECRETS), layout.CONFIG)
    return dict(filter(None, in_parallel((0, partial(read, key)) for key in keys)))


def newest_trusted(session: Session, cluster: str) -> "Manifest | None":
    """Return the newest snapshot of the cluster that can be trusted; None where there is none.

    Only reads. Raises what the snapshot store raises.
    """
    from kled.snapshot.choosing import walk_newest_first  # noqa: PLC0415 - not for --help

    if session.settings.snapshot_store is None:
        return None
    known = walk_newest_first(session.snapshot_store, cluster, session.stores.remembering)
    for judged in islice(known, _LOOKED_AT):
        if judged.trust.trusted:
            return judged.manifest
    return None
