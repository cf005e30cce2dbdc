"""Keysets of the right name with the keys of somebody else: another identity, not a rotation.

What they are compared with is a snapshot that can be trusted and, for a keyset of which that tells
nothing, the configuration that the cluster's machines run with: an update with another key writes
that configuration anew, and never the snapshot.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from kled.kops.state_store import keyset_keys, layout
from kled.snapshot.documents.manifest import Manifest
from kled.snapshot.losses.neighbours_keys import find_neighbours_keys
from kled.snapshot.losses.other_secrets import other_secrets
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.verify.contents import readable_objects
from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True)
class OtherKeysets:
    """The keysets that are not those of the same name before; sorted."""

    of_snapshot: tuple[str, ...] = ()
    of_machines: tuple[str, ...] = ()
    as_before: tuple[str, ...] = ()
    """Those that are the snapshot's, and lack the key that the machines' configuration names: it
    was put back after another key was made, or the snapshot is from before a rotation."""
    snapshot: str = ""
    """The snapshot that they were compared with; empty: none."""
    gone: tuple[str, ...] = ()
    """The keysets of that snapshot of which nothing is stored."""
    unknown: tuple[str, ...] = ()
    """The keysets that could not be compared with the snapshot's."""
    secrets: tuple[str, ...] = ()
    """The secrets that the cluster lives by, with other values than in that snapshot."""
    of_neighbours: Mapping[str, str] = field(default_factory=dict)
    """Keysets that a key joined which another cluster of the state store lives by, and whose."""

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(sorted({*self.of_snapshot, *self.of_machines}))


def other_keysets(
    snapshots: SnapshotStore | None,
    before: Manifest | None,
    objects: Mapping[str, bytes],
    cluster: str,
    state: ObjectStore | None = None,
) -> OtherKeysets:
    """Compare the cluster's objects, by relative key, with a snapshot and with its machines.

    And, where a key is in neither, with those that other clusters of the `state` store live by.

    Of `objects` keysets, secrets, the definition and the control plane's configuration count. Asks
    the store only where a keyset is not the snapshot's, byte for byte, and its manifest names no
    keys: for the archive, which is left out where no identity opens it.
    """
    has = keyset_keys.of_store(objects)
    had = _read_earlier_marks(snapshots, before, objects, has) if snapshots and before else {}
    machines = keyset_keys.of_machines(objects, cluster)
    earlier = keyset_keys.files(record.key for record in before.objects) if before else {}
    files = keyset_keys.files(objects)
    of_snapshot = keyset_keys.others(had, has)
    of_machines = tuple(name for name in keyset_keys.others(machines, has) if name not in had)
    told = {*of_snapshot, *of_machines}
    known = {name: held for name, held in _merge_known(had, machines).items() if name not in told}
    return OtherKeysets(
        of_snapshot,
        of_machines,
        tuple(
            name
            for name in keyset_keys.lacking(machines, has)
            if name in had and name not in of_snapshot
        ),
        before.id if before else "",
        tuple(sorted(earlier.keys() - files.keys())),
        tuple(sorted((earlier.keys() & files.keys()) - (had.keys() & has.keys()))),
        other_secrets(before, objects) if before else (),
        find_neighbours_keys(state, known, objects, cluster) if state else {},
    )


def _merge_known(had: keyset_keys.Marks, machines: keyset_keys.Marks) -> keyset_keys.Marks:
    """Return the marks that each keyset had; of one that no snapshot tells, what machines name.

    Only where certificates are among them: an id names the key that signs alone.
    """
    return {
        name: held
        for name, held in {**machines, **had}.items()
        if any(map(keyset_keys.is_certificate, held))
    }


def find_rotated(snapshots: SnapshotStore, newest: Manifest, earlier: Manifest) -> tuple[str, ...]:
    """Return the keysets, sorted, that `earlier` has from before a rotation that `newest` has.

    Asks the store only where a keyset of theirs differs and a manifest names no keys. One whose
    keys cannot be known is not compared.
    """
    digests = [
        {record.key: record.sha256 for record in manifest.objects} for manifest in (newest, earlier)
    ]
    files = [keyset_keys.files(known) for known in digests]
    both = files[0].keys() & files[1].keys()
    if all(digests[0][files[0][name]] == digests[1][files[1][name]] for name in both):
        return ()
    return keyset_keys.others(
        read_keyset_marks(snapshots, newest), read_keyset_marks(snapshots, earlier)
    )


def _read_earlier_marks(
    snapshots: SnapshotStore,
    before: Manifest,
    objects: Mapping[str, bytes],
    has: keyset_keys.Marks,
) -> keyset_keys.Marks:
    """Return the keys of the snapshot's keysets, as far as they can be known."""
    digests = {record.key: record.sha256 for record in before.objects}
    earlier, now = keyset_keys.files(digests), keyset_keys.files(objects)
    same = {
        name
        for name in earlier.keys() & now.keys()
        if digests[earlier[name]] == hashlib.sha256(objects[now[name]]).hexdigest()
    }
    known = {name: has[name] for name in same & has.keys()}
    if (earlier.keys() & has.keys()) - same:
        return {**read_keyset_marks(snapshots, before), **known}
    return known


def read_keyset_marks(snapshots: SnapshotStore, before: Manifest) -> keyset_keys.Marks:
    """Return the keys that the manifest names, else those of the archive; none: not to be known."""
    if before.keysets:
        return {name: frozenset(held) for name, held in before.keysets.items() if held}
    earlier = readable_objects(snapshots, before)
    return keyset_keys.of_store(
        {key: body for key, body in earlier.items() if key.startswith(layout.KEYSETS)}
    )
