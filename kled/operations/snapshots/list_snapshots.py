"""Lists snapshots with what each is worth, and reports what a list does not show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from kled.operations.snapshots import present_keys

if TYPE_CHECKING:
    from kled.snapshot.repository import SnapshotRef, SnapshotStore
    from kled.snapshot.trust.judging import Judged
    from kled.snapshot.trust.origin import Origins
    from kled.storage.base import ObjectStore


@dataclass(frozen=True, slots=True)
class Listed:
    """One snapshot as a list shows it."""

    cluster: str
    id: str
    created: datetime
    level: int | None = None
    objects: int | None = None
    size: int | None = None
    encrypted: bool | None = None
    fuzzy: bool | None = None
    kubernetes: str | None = None
    error: str | None = None
    """Why the manifest cannot be read."""
    trusted: bool = False
    reasons: tuple[str, ...] = ()
    """Why the snapshot cannot be trusted."""
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "id": self.id,
            "created": self.created.isoformat(),
            "level": self.level,
            "objects": self.objects,
            "bytes": self.size,
            "encrypted": self.encrypted,
            "fuzzy": self.fuzzy,
            "kubernetes": self.kubernetes,
            "trusted": self.trusted,
            "reasons": list(self.reasons),
            "remarks": list(self.remarks),
            "error": self.error,
        }


def list_snapshots(
    snapshots: "SnapshotStore", cluster: str | None, state: "ObjectStore | None" = None
) -> tuple[Listed, ...]:
    """Return the snapshots of one cluster or of all, oldest first; a damaged one says so.

    A snapshot of another cluster of that name, in another state store than `state`, says so, too.
    The result may be empty: a list promises nothing, unlike a check, a prune or a mirror of
    nothing.
    """
    from kled.snapshot.trust.judging import judge_all, read_listing  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415

    ledger = read_ledger(snapshots, state)
    origins = Origins(ledger)
    snapshots_judged = judge_all(snapshots, read_listing(snapshots, cluster), ledger.named, origins)
    asked = origins if cluster is not None else None  # of all clusters that is a request for each
    told = present_keys.remarks(origins, snapshots_judged, said=cluster is None)
    return tuple(_row(snapshot, asked, told.get(snapshot.ref, ())) for snapshot in snapshots_judged)


def judge_worth(
    snapshots: "SnapshotStore", ref: "SnapshotRef", state: "ObjectStore | None" = None
) -> dict[str, object]:
    """Return what one snapshot is worth: level, trusted, reasons, and the proofs that hold.

    `state` is the state store at hand.
    """
    from kled.snapshot.documents.proofs import proofs  # noqa: PLC0415
    from kled.snapshot.trust.before_keys import speaks_against  # noqa: PLC0415 - not for --help
    from kled.snapshot.trust.judging import judge, read_listing  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415

    ledger = read_ledger(snapshots, state)
    listing, origins = read_listing(snapshots, ref.cluster), Origins(ledger)
    judged = judge(snapshots, ref, listing, ledger.named, origins=origins, blobs=True)
    lacks: tuple[str, ...] = ()
    manifest = judged.manifest
    if manifest is not None and not judged.foreign:
        judged = judged.against(speaks_against(ledger, manifest))
        keys = present_keys.look(origins, [manifest])
        lacks = (*keys.lacking.values(), *filter(None, [keys.unknown]))
    standing = proofs(snapshots, judged.manifest) if judged.manifest else ()
    plain = [proof.model_dump(mode="json") for proof in standing]
    return {**judged.trust.as_json(), "remarks": [*judged.trust.remarks, *lacks], "proofs": plain}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a list of snapshots does not show."""

    warnings: tuple[str, ...]
    """The clusters whose newest snapshot somebody removed, and other problems of the store."""
    keys: present_keys.PresentKeys
    """The clusters of the state store without a snapshot; empty for a list of one cluster."""


def find_missing(
    snapshots: "SnapshotStore",
    listed: Sequence[Listed],
    cluster: str | None,
    state: "ObjectStore | None" = None,
) -> Missing:
    """Find clusters whose newest snapshot was removed, other than by a prune.

    Also reports other problems of the store, which may mean that a newer snapshot is missing from
    the list. `state` is asked what it remembers, and which of its clusters have no snapshot.
    """
    from kled.snapshot.choosing import find_removed  # noqa: PLC0415 - not for --help
    from kled.snapshot.losses.losses import find_older_lost  # noqa: PLC0415
    from kled.snapshot.trust.ledger import read_ledger  # noqa: PLC0415
    from kled.snapshot.trust.origin import Origins  # noqa: PLC0415

    ledger = read_ledger(snapshots, state)
    newest = {snapshot.cluster: snapshot.id for snapshot in listed}
    lost = dict(find_removed(snapshots, newest, ledger))
    others = partial(present_keys.without_snapshot, ledger, {**newest, **lost})
    keys = present_keys.look(Origins(ledger), (), None if cluster else others)
    gone = (
        f'the newest snapshot of cluster "{name}", {snapshot}, is not there any more, and no prune'
        " removed it"
        for name, snapshot in lost.items()
        if cluster in {None, name}
    )
    older = find_older_lost(ledger, tuple(snapshots.list())) if cluster is None else ()
    bare = (f'cluster "{name}": {present_keys.say_unkept(name)}' for name in keys.bare)
    unknown = filter(None, [keys.unknown])
    warnings = (*gone, *ledger.doubts, *older, *ledger.findings, *bare, *ledger.remarks, *unknown)
    return Missing(warnings, keys)


def _row(judged: "Judged", origins: "Origins | None", told: tuple[str, ...]) -> Listed:
    ref, trust, manifest = judged.ref, judged.trust, judged.manifest
    if manifest is None:
        return Listed(
            ref.cluster, ref.id, ref.created, error=trust.reasons[0], reasons=trust.reasons
        )
    return Listed(
        ref.cluster,
        ref.id,
        ref.created,
        trust.level,
        len(manifest.objects),
        sum(record.size for record in manifest.objects),
        manifest.archive.encrypted,
        manifest.fuzzy,
        manifest.kubernetes_version,
        trusted=trust.trusted,
        reasons=trust.reasons,
        remarks=(*(origins.remarks(manifest) if origins else ()), *trust.remarks, *told),
    )
