"""Which members of etcd stand in another zone than in an earlier snapshot of an applied cluster.

kops writes down nowhere in which zone it made the volumes of etcd: what it applied last names the
instance group of each member, and the groups themselves are stored as somebody may have changed
them since. So a snapshot is the only one to tell.
"""

import hashlib
from collections.abc import Mapping

from kled.kops.facts import etcd_zones
from kled.kops.facts.etcd_members import Document
from kled.kops.facts.etcd_zones import MovedMember
from kled.kops.state_store import contents, layout
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.losses.lost_etcd import was_applied
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import readable_objects


def find_moved_etcd(
    snapshots: SnapshotStore, before: Manifest, objects: Mapping[str, bytes]
) -> tuple[MovedMember, ...]:
    """Return the members of the definition among `objects` that moved; they are by relative key.

    Asks the store for the archive, once, and only where a group that members stand on is another
    one than in the snapshot, or nothing among `objects` tells what kops applied. What no identity
    opens tells nothing.
    """
    now = contents.mapping(objects.get(layout.CONFIG, b""))
    if now is None or not was_applied(before):
        return ()
    known = applied_stands(snapshots, before, objects)
    return etcd_zones.moved(known, etcd_zones.stands(now, contents.groups(objects)))


def applied_stands(
    snapshots: SnapshotStore, before: Manifest, objects: Mapping[str, bytes]
) -> dict[etcd_zones.Member, etcd_zones.Stand]:
    """Return where members stood when the cluster was applied last; see `find_moved_etcd`."""
    applied = contents.applied(objects)
    changed = _changed_groups(before, objects, applied)
    earlier = readable_objects(snapshots, before) if changed or applied is None else {}
    then = contents.applied(earlier) or contents.mapping(earlier.get(layout.CONFIG, b"")) or {}
    stood = etcd_zones.stands(then, contents.groups(earlier))
    if applied is None:
        return stood
    known = etcd_zones.stands(applied, contents.groups(objects))
    same = {key for key in known.keys() & stood.keys() if known[key].group == stood[key].group}
    return {member: stood[member] if member in same else known[member] for member in known}


def _changed_groups(
    before: Manifest, objects: Mapping[str, bytes], applied: Document | None
) -> bool:
    """Say whether a group of the snapshot that members stand on is another one now, or gone."""
    had = {record.key: record.sha256 for record in before.objects if layout.is_group(record.key)}
    keys = {f"{layout.GROUPS}{member}" for member in etcd_zones.groups_of_members(applied or {})}
    return any(
        key not in objects or hashlib.sha256(objects[key]).hexdigest() != had[key]
        for key in keys & had.keys()
    )
