"""The plan of a restore: what it would write, found out before anything is written.

Every byte of the archive is proved while planning. What the target holds already stays as it is, so
an interrupted restore goes on where it stopped: its next plan holds what is left.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from kled.errors import DocumentDamaged, InvalidInput, SnapshotNotTrustworthy
from kled.kops.state_store import derived, layout
from kled.kops.state_store.layout import ObjectKind
from kled.kops.state_store.old_locations import Move
from kled.pool import Pool
from kled.snapshot.create.spool import Bytes
from kled.snapshot.documents import names, signing
from kled.snapshot.documents.manifest import Manifest, ObjectRecord
from kled.snapshot.repository import SnapshotStore
from kled.snapshot.restore import generations, needed
from kled.snapshot.restore.already_there import TargetView, same_keys
from kled.snapshot.restore.later_counts import find_counts, plan_counts
from kled.snapshot.restore.moving import Moving, plan_moving
from kled.snapshot.restore.planned_changes import Changes, digest_of
from kled.snapshot.verify.contents import archived_objects, packed_archive
from kled.storage.base import Entry, Location, ObjectStore, checked, oddity
from kled.storage.overlap import overlap

ALL: Final[frozenset[ObjectKind]] = frozenset({"identity", "intent", "derived", "etcd-backup"})
"""The classes that a restore takes unless told otherwise."""
_DELETABLE: Final[frozenset[ObjectKind]] = frozenset({"identity", "intent", "derived"})
_OWN_PLACES: Final = (names.CLUSTERS, names.BLOBS, names.RUNS)


@dataclass(frozen=True, slots=True)
class Write:
    """One object that a restore writes."""

    record: ObjectRecord
    replaces: str | None
    """The tag of the object that is replaced; None where there is none."""

    @property
    def action(self) -> Literal["create", "replace"]:
        """What happens to the target's key."""
        return "create" if self.replaces is None else "replace"


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What one restore would do to one prefix of one store (design D13)."""

    manifest: Manifest
    target: str
    """The URL of the store."""
    prefix: str
    """Where in it the cluster goes; ends with `/`."""
    classes: frozenset[ObjectKind]
    with_control: bool
    writes: tuple[Write, ...]
    same: tuple[str, ...]
    """Keys of the target that hold the right bytes already."""
    extra: tuple[str, ...]
    """Keys of these classes that the snapshot does not have; etcd backups and control files, which
    a snapshot never has in full, do not count."""
    deletes: tuple[str, ...]
    """The keys that are deleted: `extra` where that was asked for, otherwise none."""
    left: tuple[str, ...]
    """Control markers of the target that differ from the snapshot's. They stay: etcd-manager acts
    on them, so only what is gone is put back."""
    packed: Bytes = field(repr=False, compare=False)
    """The archive, proved; the restore writes from it."""
    held: Mapping[str, bytes] = field(repr=False, compare=False)
    """The small blobs that the writes need, proved, by digest."""
    moving: Moving = field(default_factory=Moving)
    """What the definition says of the place that the snapshot was taken from."""
    damaged: Mapping[str, str] = field(default_factory=dict)
    """Derived objects of the target that stay because those of the snapshot are damaged, each with
    the damage: the next update writes them again, and no machine could start with damaged ones."""
    own: frozenset[str] = frozenset()
    """Keys to write that hold the snapshot's own bytes until then: replacing them loses nothing."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.writes and not self.deletes

    def replaced(self, kind: ObjectKind | None = None) -> list[str]:
        """Return the keys of the target that would get other bytes; of one class where named."""
        return [
            write.record.key
            for write in self.writes
            if write.action == "replace" and kind in {None, write.record.kind}
        ]

    def of_groups(self, groups: Sequence[str]) -> "RestorePlan":
        """Return what of it restores the definitions of some instance groups alone.

        Raises `InvalidInput` for a group that the snapshot lacks.
        """
        known = {record.key for record in self.manifest.objects}
        keys = {f"{layout.GROUPS}{group}" for group in groups}
        if lacking := sorted(keys - known):
            name = lacking[0].removeprefix(layout.GROUPS)
            raise InvalidInput(
                "--instance-group", f"snapshot {self.manifest.id} has no instance group {name!r}"
            )
        return replace(
            self,
            writes=tuple(write for write in self.writes if write.record.key in keys),
            same=tuple(key for key in self.same if key in keys),
            extra=(),
            deletes=(),
            left=(),
            damaged={},
            own=self.own & keys,
            moving=Moving(counted=self.moving.counted),
        )

    def is_rest_of(self, earlier: "RestorePlan") -> bool:
        """Whether every change of this plan is one of `earlier`, which was begun meanwhile."""
        known = {
            (write.record.key, write.record.sha256, write.replaces) for write in earlier.writes
        }
        mine = {(write.record.key, write.record.sha256, write.replaces) for write in self.writes}
        return mine <= known and set(self.deletes) <= set(earlier.deletes)

    @property
    def size(self) -> int:
        """Bytes to write."""
        return sum(write.record.size for write in self.writes)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the snapshot, the target and every change to it."""
        return digest_of(self.changes)

    @property
    def changes(self) -> Changes:
        """What the digest is of, as JSON has it."""
        writes = [[write.record.key, write.record.sha256, write.replaces] for write in self.writes]
        return (self.manifest.digest, self.target, self.prefix, writes, sorted(self.deletes))

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.manifest.cluster,
            "snapshot": self.manifest.id,
            "created": self.manifest.created.isoformat(),
            "fuzzy": self.manifest.fuzzy,
            "target": self.target,
            "prefix": self.prefix,
            "classes": sorted(self.classes),
            "with_control": self.with_control,
            "digest": self.digest,
            "writes": [
                {
                    "key": write.record.key,
                    "action": write.action,
                    "class": write.record.kind,
                    "size": write.record.size,
                }
                for write in self.writes
            ],
            "same": len(self.same),
            "extra": list(self.extra),
            "deletes": list(self.deletes),
            "left": list(self.left),
            "damaged": dict(self.damaged),
            "bytes": self.size,
            **self.moving.as_json(),
        }


def plan_restore(  # noqa: PLR0913 - what, where to, and four ways to want less or more
    snapshots: SnapshotStore,
    manifest: Manifest,
    target: ObjectStore,
    *,
    cluster_prefix: str | None = None,
    classes: Collection[ObjectKind] = ALL,
    with_control: bool = False,
    delete_extra: bool = False,
    rewrite_places: bool = False,
    counts_on: bool = False,
    ended: bool = False,
) -> RestorePlan:
    """Return what it takes to make `target` hold what the snapshot holds; writes nothing.

    `manifest` is one that `snapshots` gave out. `cluster_prefix` is the cluster's place in
    the target, its name unless given. `classes` restricts what is restored. etcd-manager's control
    files are live state, not backups: only its two markers can be restored, and only with
    `with_control`. With `rewrite_places` the definition is written with the new place where it
    names the old one (`moving`), with `counts_on` definitions go on counting (`generations`):
    where the cluster `ended` with this snapshot nothing was changed after it, and what is lost is
    written as it was.

    Two requests (the archive, the listing) for each thousand objects of the target, one more for
    each that has the right size and a tag that tells nothing, and one for each blob that is needed,
    or definition that is replaced; where one is lost that counts, those of `later_counts`.
    Raises `SnapshotNotTrustworthy` where a byte of the archive or a name in the manifest is not as
    it should be or a blob is gone, `InvalidInput` for a prefix that is none, and what the stores
    raise.
    """
    if snapshots.verification_keys:
        signing.require(manifest, snapshots.verification_keys)
    prefix = _check_prefix(manifest.cluster if cluster_prefix is None else cluster_prefix)
    _refuse_own_place(snapshots, target, prefix)
    wanted = _choose_records(manifest, frozenset(classes), with_control=with_control)
    packed, listed = _read_both(snapshots, manifest, target, prefix)
    md5, counted, damage = _prove_archive(manifest, packed)
    move = Move(manifest.state_store, manifest.cluster, target.location.url, prefix)
    config = {record.key: counted.get(record.key) for record in wanted}.get(layout.CONFIG)
    places = plan_moving(manifest, config, move, rewrite=rewrite_places)
    as_taken = {record.key: record for record in wanted}
    wanted = [places.record(record) for record in wanted]
    md5 |= {layout.CONFIG: _md5(places.body)} if places.body is not None else {}
    _require_fit(wanted, listed, target, prefix)
    by_key = {entry.key.removeprefix(prefix): entry for entry in listed if entry.unfit is None}
    same = same_keys(wanted, by_key, md5, view := TargetView(target, prefix, manifest))
    counts = find_counts(snapshots, view, wanted if counts_on else (), counted, by_key, ended=ended)
    places, same = plan_counts(places, counts, wanted, same, view, by_key)
    differ = [places.record(record) for record in wanted if record.key not in same]
    left, damaged = _find_staying(differ, damage, by_key)
    writes = _writes(differ, by_key, left | damaged.keys())
    extra = _find_extra(manifest, by_key, classes)
    return RestorePlan(
        manifest=manifest,
        target=target.location.url,
        prefix=prefix,
        classes=frozenset(classes),
        with_control=with_control,
        writes=writes,
        same=tuple(record.key for record in wanted if record.key in same),
        extra=extra,
        deletes=extra if delete_extra else (),
        left=tuple(sorted(left)),
        damaged=damaged,
        packed=packed,
        held=needed.fetch_needed(snapshots, manifest, (write.record for write in writes)),
        moving=places,
        own=_find_own(writes, as_taken, by_key, view),
    )


def _read_both(
    snapshots: SnapshotStore, manifest: Manifest, target: ObjectStore, prefix: str
) -> tuple[Bytes, list[Entry]]:
    """Return the archive, and what is there of what can be restored; asked for at once."""
    with Pool(1, "kled-target") as pool:
        listing = pool.submit(lambda: list(target.entries(prefix)))
        packed = packed_archive(snapshots, manifest)
        return packed, [entry for entry in listing.result() if oddity(entry.key) is None]


def _find_staying(
    differ: Iterable[ObjectRecord], damage: Mapping[str, str], present: Collection[str]
) -> tuple[set[str], dict[str, str]]:
    """Return the control markers that stay, and the objects that stay for the snapshot's damage."""
    differing = [record for record in differ if record.key in present]
    left = {record.key for record in differing if record.kind == "control"}
    return left, {record.key: damage[record.key] for record in differing if record.key in damage}


def _writes(
    records: Iterable[ObjectRecord], present: Mapping[str, Entry], staying: Collection[str]
) -> tuple[Write, ...]:
    return tuple(
        Write(record, present[record.key].tag if record.key in present else None)
        for record in records
        if record.key not in staying
    )


def _find_own(
    writes: Iterable[Write],
    as_taken: Mapping[str, ObjectRecord],
    present: Mapping[str, Entry],
    view: TargetView,
) -> frozenset[str]:
    """Return the keys of changed writes whose target still holds the bytes of the snapshot."""
    return frozenset(
        key
        for write in writes
        if (key := write.record.key) in present
        and as_taken[key] != write.record
        and view.holds(present[key], as_taken[key])
    )


def _require_fit(
    wanted: Sequence[ObjectRecord], listed: Sequence[Entry], target: ObjectStore, prefix: str
) -> None:
    """Raise `DocumentDamaged` where a link or the like stands where the restore would write.

    That is found before the first write, so that the restore does not end halfway. Links elsewhere
    stay as they are.
    """
    unfit = {entry.key: entry.unfit for entry in listed if entry.unfit}
    for record in wanted if unfit else ():
        names = f"{prefix}{record.key}".split("/")
        for place in map("/".join, (names[:number] for number in range(1, len(names) + 1))):
            if place in unfit:
                raise DocumentDamaged(
                    f"{target.location.url}/{place}",
                    f"it is {unfit[place]}, which no restore writes to or through",
                    hint="move it away, or restore to another place with --to",
                )


def _check_prefix(prefix: str) -> str:
    """Return the prefix with one `/` at its end."""
    bare = prefix.removesuffix("/")
    if checked(bare).startswith(".kled"):
        raise InvalidInput("prefix", f"{prefix!r} is where kled keeps its leases")
    return f"{bare}/"


def _refuse_own_place(snapshots: SnapshotStore, target: ObjectStore, prefix: str) -> None:
    """Refuse to write among snapshots, whatever the two stores are called."""
    goes = _below(target, prefix)
    if any(overlap(goes, _below(snapshots.store, own)) for own in _OWN_PLACES):
        raise InvalidInput("prefix", f"{prefix} is where the snapshot store keeps its own objects")


def _below(store: ObjectStore, prefix: str) -> Location:
    return replace(store.location, url=f"{store.location.url}/{prefix}")


def _choose_records(
    manifest: Manifest, classes: frozenset[ObjectKind], *, with_control: bool
) -> list[ObjectRecord]:
    """Return the records to restore; refuse a manifest that calls an object what it is not."""
    wanted = []
    for record in manifest.objects:
        if record.kind != layout.kind_of(record.key) or (
            record.kind == "control" and not layout.is_marker(record.key)
        ):
            raise SnapshotNotTrustworthy(
                f"the manifest of {manifest.cluster} {manifest.id} passes {record.key} off as "
                f"{record.kind}"
            )
        if record.kind in classes or (record.kind == "control" and with_control):
            wanted.append(record)
    return wanted


def _prove_archive(
    manifest: Manifest, packed: Bytes
) -> tuple[dict[str, str], dict[str, bytes], Mapping[str, str]]:
    """Prove every object of the archive; return the MD5 of each, what kops counts, and damage.

    Many stores have the MD5 as tag.
    """
    md5, counted, made = {}, {}, {}
    for record, body in archived_objects(manifest, packed):
        md5[record.key] = _md5(body)
        if generations.is_counted(record.key):
            counted[record.key] = body
        if record.kind == "derived":
            made[record.key] = body
    return md5, counted, derived.damage(made)


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _find_extra(
    manifest: Manifest, present: Mapping[str, Entry], classes: Collection[ObjectKind]
) -> tuple[str, ...]:
    known = {record.key for record in manifest.objects}
    return tuple(
        key
        for key in present
        if key not in known
        and (kind := layout.kind_of(key)) in classes
        and kind in _DELETABLE
        and _can_be_named(key)
    )


def _can_be_named(key: str) -> bool:
    """Say whether a store takes the key; another tool may have written one that it does not."""
    try:
        return checked(key) == key
    except InvalidInput:
        return False
