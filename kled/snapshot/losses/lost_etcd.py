"""What a definition lacks of an earlier snapshot's where nothing stored tells what kops applied.

A definition is held against what kops applied last (`kops.state_store.contents`). Where that is
gone or cannot be read, what the snapshot has of it stands in: else the stored definition would be
held against itself.
"""

from collections.abc import Mapping

from kled.kops.state_store import contents, layout
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import readable_objects


def lost_etcd(
    snapshots: SnapshotStore, before: Manifest, objects: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Return what the definition among `objects` lacks, in words; they are by relative key.

    Asks the store for the archive, once, and only where nothing among `objects` tells; what no
    identity opens tells nothing.
    """
    if contents.applied(objects) is not None or not was_applied(before):
        return ()
    earlier = readable_objects(snapshots, before)
    if not earlier:
        return ()
    applied: dict[str, bytes] = {key: earlier[key] for key in contents.COMPLETED if key in earlier}
    if contents.applied(applied) is None:
        applied = {layout.COMPLETED: earlier.get(layout.CONFIG, b"")}
    return tuple(contents.definition_findings({**objects, **applied}))


def was_applied(before: Manifest) -> bool:
    """Say whether kops had applied the cluster when the snapshot was taken."""
    return any(
        record.key in {*contents.COMPLETED, layout.KOPS_VERSION} for record in before.objects
    )
