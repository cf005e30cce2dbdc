"""Finding in later snapshots how far kops had counted the changes of a definition.

Restoring the same snapshot again, after a definition was lost a second time, would begin the count
at the same number as the first restore. A snapshot is taken before each change, so the newest
snapshots show what came after the first restore.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from kled.errors import KledError
from kled.snapshot.documents.manifest import Manifest, ObjectRecord
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.restore import generations
from kled.snapshot.restore.already_there import TargetView
from kled.snapshot.restore.moving import Moving
from kled.snapshot.verify.contents import archived_objects, packed_archive

_LOOKED_AT: Final = 3
"""How many of the newest snapshots are read: counts only rise, but one may be unreadable here."""


def find_counts(
    snapshots: SnapshotStore,
    view: TargetView,
    wanted: Iterable[ObjectRecord],
    counted: Mapping[str, bytes],
    present: Collection[str],
    *,
    ended: bool,
) -> dict[str, tuple[bytes, int]]:
    """Return the `counted` bodies of what is `wanted`, with the highest counts known.

    Left out is what is not `there` of a cluster that `ended` with this snapshot, and that none has
    since. Costs and raises as `later_counts` does.
    """
    taken = {record.key: counted[record.key] for record in wanted if record.key in counted}
    lost = {*taken}.difference(present)
    known = later_counts(snapshots, view.manifest, lost)
    final = lost - known.keys() if ended else set()
    return {key: (body, known.get(key, 0)) for key, body in taken.items() if key not in final}


def later_counts(
    snapshots: SnapshotStore, manifest: Manifest, keys: Collection[str]
) -> Mapping[str, int]:
    """Return the highest counts of the objects in the newest snapshots after `manifest`, by key.

    One LIST, and two GETs for each that is looked at. What cannot be read counts for nothing;
    raises what may pass (`retryable`).
    """
    if not keys:
        return {}
    later = sorted(ref for ref in snapshots.list(manifest.cluster) if ref.id > manifest.id)
    highest: dict[str, int] = {}
    for ref in later[-_LOOKED_AT:]:
        for key, count in _counts(snapshots, ref).items():
            if key in keys:
                highest[key] = max(count, highest.get(key, 0))
    return highest


def _counts(snapshots: SnapshotStore, ref: SnapshotRef) -> dict[str, int]:
    try:
        manifest = snapshots.manifest(ref)
        return {
            record.key: generations.count_of(body)
            for record, body in archived_objects(manifest, packed_archive(snapshots, manifest))
            if generations.is_counted(record.key)
        }
    except KledError as error:
        if error.retryable:
            raise
        return {}


def plan_counts(
    places: Moving,
    taken: Mapping[str, tuple[bytes, int]],
    wanted: Iterable[ObjectRecord],
    same: frozenset[str],
    view: TargetView,
    present: Collection[str],
) -> tuple[Moving, frozenset[str]]:
    """Return what is written with a count that goes on, and all keys that need no write.

    `taken` are the bodies of the snapshot, each with the highest count that later ones tell.
    """
    counted, equal = {}, set()
    for record in wanted:
        key = record.key
        if key in same or key not in taken:
            continue
        stored = generations.read_stored(view.target, view.prefix + key) if key in present else None
        body, known = taken[key]
        counted[key] = generations.continue_count(places.written(key, body), stored, known)
        if counted[key] == stored:
            equal.add(key)
    return replace(places, counted=counted), same | equal
