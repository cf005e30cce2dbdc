"""What a killed deletion has left: a part of the cluster's final snapshot."""

from typing import TYPE_CHECKING

from kled.operations.records import begun_deletion
from kled.operations.session import Session

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotRef


def snapshot_with_the_rest(session: Session, cluster: str) -> "SnapshotRef | None":
    """Return the newest trusted snapshot if it holds, unchanged, everything a deletion has left.

    None where no deletion of the cluster is on record, or where an object is stored that the
    snapshot lacks or has with another tag, since that object may have no copy. A new snapshot of
    the rest could not be whole, and none is needed. Only reads: the record, the cluster's listing
    and manifests; raises what the stores raise.
    """
    from kled.snapshot.choosing import walk_newest_first  # noqa: PLC0415 - not for --help
    from kled.snapshot.create.selection import Orphan, select  # noqa: PLC0415

    if begun_deletion.read(session, cluster) is None:
        return None
    trusted = (
        judged
        for judged in walk_newest_first(session.snapshot_store, cluster, session.stores.remembering)
        if judged.trust.trusted
    )
    newest = next(trusted, None)
    if newest is None or newest.manifest is None:
        return None
    kept = {each.key: each.tag for each in newest.manifest.objects}
    left = select(cluster, session.state_store.entries(f"{cluster}/"), backups=None)
    if isinstance(left, Orphan) or left.odd:
        return None
    return newest.ref if all(kept.get(each.key) == each.tag for each in left.entries) else None
