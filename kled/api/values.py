"""What calls about snapshots take and return where the core has rows of plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from kled.errors import KledError

if TYPE_CHECKING:
    from kled.operations.recovery.restore_state import Settled, Wish
    from kled.snapshot.restore.restore_plan import RestorePlan

ObjectClass = Literal["identity", "intent", "derived", "etcd-backup"]
CLASSES: Final[tuple[ObjectClass, ...]] = ("identity", "intent", "derived", "etcd-backup")


@dataclass(frozen=True, slots=True)
class SnapshotId:
    """One snapshot by its name."""

    cluster: str
    id: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of one snapshot found, or of the store as a whole where it names no cluster."""

    cluster: str
    id: str
    level: int | None
    """The level that is proved now; None where nothing could be read."""
    trustworthy: bool
    findings: tuple[str, ...]
    """What is wrong, in words."""
    unproved: tuple[str, ...]
    """What could not be proved here, in words."""
    seconds: float

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Verified":
        """Return it of a row of `VerifySnapshots`."""
        return cls(
            row["cluster"],
            row["id"],
            row["level"],
            row["trustworthy"],
            tuple(row["findings"]),
            tuple(row["unproved"]),
            row["seconds"],
        )


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """What a restore does beside putting all of a cluster back in its own place."""

    to: str | None = None
    """URL of another state store."""
    prefix: str | None = None
    """The place in that store; None: the cluster's name."""
    classes: tuple[ObjectClass, ...] = CLASSES
    """Only these classes of objects."""
    instance_groups: tuple[str, ...] = ()
    """Only the definitions of these instance groups."""
    with_control: bool = False
    """Also etcd-manager's two markers: for a state store that a living cluster lost."""
    delete_extra: bool = False
    """Delete what the snapshot does not have."""
    untrusted: bool = False
    """Restore it though it cannot be trusted; it has to be named by its id then."""
    of_state_store: str | None = None
    """The state store that the snapshot is of, where the cluster was moved from there to here."""
    rewrite_places: bool = False
    """Let the definition name the place that is restored into, where it names the old one."""
    raise_epoch: bool = False
    """Afterwards the cluster lives in the store that was restored into."""

    def wish(self, cluster: str, snapshot: str) -> "Wish":
        """Return what the core is asked for."""
        from kled.operations.recovery.restore_state import (  # noqa: PLC0415 - this module stays cheap
            Wish,
        )

        return Wish(
            cluster=cluster,
            snapshot=snapshot,
            to=self.to,
            prefix=self.prefix,
            classes=self.classes,
            groups=self.instance_groups,
            with_control=self.with_control,
            delete_extra=self.delete_extra,
            untrusted=self.untrusted,
            of=self.of_state_store,
            rewrite_places=self.rewrite_places,
        )


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One object that a restore would write."""

    action: Literal["create", "replace"]
    key: str
    kind: str
    """Its class: identity, intent, derived, etcd-backup or control."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class PlannedRestore:
    """What a restore would do; every byte of the snapshot was proved for it."""

    cluster: str
    snapshot: str
    """Its id, also where `latest` was asked for."""
    target: str
    """URL of the state store."""
    prefix: str
    digest: str
    """Approves just this: the snapshot, the target and each change to it."""
    writes: tuple[PlannedWrite, ...]
    deletes: tuple[str, ...]
    same: int
    """Objects that are there already."""
    trusted: bool
    remarks: tuple[str, ...]
    """What a person should know before it is restored."""
    refusal: KledError | None
    """What the restore would end with, if the cluster's name confirmed it; None: it would go on."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.writes and not self.deletes

    @classmethod
    def of(
        cls, plan: "RestorePlan", meant: "Settled", refusal: KledError | None
    ) -> "PlannedRestore":
        """Return it of the core's plan."""
        return cls(
            plan.manifest.cluster,
            plan.manifest.id,
            plan.target,
            plan.prefix,
            plan.digest,
            tuple(
                PlannedWrite(write.action, write.record.key, write.record.kind, write.record.size)
                for write in plan.writes
            ),
            plan.deletes,
            len(plan.same),
            not meant.trust.reasons,
            (*meant.remarks()[1:], *plan.moving.remarks()),
            refusal,
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    cluster: str
    snapshot: str
    target: str
    created: int
    replaced: int
    deleted: int
    same: int
    size: int
    """Bytes written."""
    old_places: int
    """Fields of the definition that name the place it was taken from; `rewrite_places` mends it."""

    @classmethod
    def of(cls, cluster: str, row: Mapping[str, Any]) -> "Restored":
        """Return it of a row of `RestoreState`."""
        return cls(
            cluster,
            row["snapshot"],
            row["target"],
            row["created"],
            row["replaced"],
            row["deleted"],
            row["same"],
            row["bytes"],
            0 if row["rewritten"] else len(row["old_places"]),
        )


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune did."""

    removed: tuple[SnapshotId, ...]
    collected: int
    """Objects that nothing needed any more."""
    size: int
    """Bytes of these."""
    locked: tuple[str, ...]
    """Keys that the store would not delete: object lock, or a permission."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Pruned":
        """Return it of a row of `PruneSnapshots`."""
        return cls(_ids(row["removed"]), row["collected"], row["bytes"], tuple(row["locked"]))


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What was copied to a second snapshot store."""

    copied: tuple[SnapshotId, ...]
    present: int
    """Snapshots that were there already."""
    size: int
    """Bytes written."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Mirrored":
        """Return it of a row of `MirrorSnapshots`."""
        return cls(_ids(row["copied"]), row["present"], row["bytes"])


def _ids(rows: Sequence[Mapping[str, str]]) -> tuple[SnapshotId, ...]:
    return tuple(SnapshotId(row["cluster"], row["id"]) for row in rows)
