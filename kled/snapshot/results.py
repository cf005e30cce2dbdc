"""What making snapshots is told, and what it tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kled.errors import KledError, SnapshotNotTrustworthy

if TYPE_CHECKING:
    from kled.snapshot.verify import KopsCheck


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """How snapshots are made."""

    by: str
    """What makes them, for example `kled 0.1.0`."""
    etcd_backups: int | None = 1
    """How many complete etcd backups of each etcd cluster to take; None takes all."""
    retain_until: datetime | None = None
    """Object lock, where the snapshot store has it."""
    reuse: bool = True
    """False writes everything anew, also what is known from earlier snapshots."""
    kops_check: "KopsCheck | None" = None
    """Lets a kops read what is new, for level 2 (`kled.snapshot.at_birth`)."""


@dataclass(frozen=True, slots=True)
class ClusterResult:
    """What became of one cluster."""

    cluster: str
    snapshot: str | None
    """The id of the snapshot that holds what was there; None where there is none."""
    reused: bool = False
    """Nothing was new: the snapshot is an earlier one."""
    fuzzy: bool = False
    level: int = 0
    objects: int = 0
    size: int = 0
    """Bytes of the objects, before compression."""
    findings: tuple[str, ...] = ()
    """What is wrong with the cluster's state, in words."""
    left_out: tuple[str, ...] = ()
    """Objects whose keys no snapshot can hold, each with the reason; kops has none such."""
    seconds: float = 0.0
    error: KledError | None = None

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "id": self.snapshot,
            "reused": self.reused,
            "fuzzy": self.fuzzy,
            "level": self.level,
            "objects": self.objects,
            "bytes": self.size,
            "findings": list(self.findings),
            "left_out": list(self.left_out),
            "seconds": round(self.seconds, 3),
            "error": self.error.message if self.error else None,
        }


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did."""

    run: str
    clusters: tuple[ClusterResult, ...]
    orphans: tuple[str, ...] = ()
    """Directories of the state store without a cluster's `config`; they are not snapshotted."""
    warnings: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    """What is wrong with the snapshot store as a whole, or with the fleet: no run with one is
    green."""

    def require(self) -> "RunResult":
        """Raise the first cluster's error, where one failed."""
        for one in self.clusters:
            if one.error is not None:
                raise one.error
        return self

    def require_whole(self) -> "RunResult":
        """Raise the first cluster's error, else `KledError` where an object was left out.

        Else `SnapshotNotTrustworthy` with the first finding. All the rest was taken.
        """
        self.require()
        left_out = [f"{one.cluster}/{words}" for one in self.clusters for words in one.left_out]
        if left_out:
            number = f"{len(left_out)} objects were" if len(left_out) > 1 else "an object was"
            raise KledError(
                f"{number} not taken: {left_out[0]}",
                hint="kops has no such objects: look what it is, and move it out of the cluster's"
                " directory; everything else is in the snapshots",
            )
        if self.findings:
            more = f"; and {len(self.findings) - 1} more" if len(self.findings) > 1 else ""
            raise SnapshotNotTrustworthy(
                f"every cluster was taken, but {self.findings[0]}{more}",
                hint="kled snapshot verify --all tells what is wrong with the snapshot store",
            )
        return self
