"""The options of making snapshots, and its results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kled.errors import KledError, SnapshotNotTrustworthy
from kled.sentences import enumerated, number
from kled.snapshot.create.halfway import Never, OpenRestores
from kled.snapshot.documents import names
from kled.snapshot.trust.settling import UNSIGNED
from kled.snapshot.trust.trust import sum_up

if TYPE_CHECKING:
    from kled.snapshot.verify.verify import KopsCheck

_SHOWN: Final = 3
_MOVE: Final = (
    "kops has no such objects: look what it is, and move it out of the cluster's directory"
)
_VERIFY: Final = "kled snapshot verify --all tells what of it is left to look into"
_FIRST_KEY: Final = (
    "where the signing key was named only now, nothing is wrong: every cluster has a signed"
    " snapshot by now, and the same command again ends with 0; else somebody without that key wrote"
    " there: kled snapshot verify --all"
)
_CURE: Final = (
    "mend the cluster's state, and run this again; what its newest trusted snapshot would put back:"
    " kled snapshot restore --name={} --snapshot=latest"
)


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
    """Whether earlier snapshots and their payloads are reused; False writes everything again."""
    settles: bool = False
    """A person says that what is lost is lost: an emptied store is begun anew, and what the state
    store remembers is forgotten, where all clusters are taken."""
    before_change: bool = False
    """A change waits for it: nothing is written where the store may have lost snapshots."""
    kops_check: "KopsCheck | None" = None
    """Lets a kops read what is new, for level 2 (`kled.snapshot.create.at_birth`)."""
    rotated: frozenset[str] = frozenset()
    """Secrets that were given new values on purpose (`other_secrets`); nothing earlier is built on
    then: it was judged without knowing."""
    halfway: OpenRestores = field(default_factory=Never)
    """Says of which cluster a restore is open."""


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
    """What is wrong with the cluster's state, each a sentence."""
    reasons: tuple[str, ...] = ()
    """Why the snapshot cannot be trusted, in words; with the findings. Empty: it can."""
    left_out: tuple[str, ...] = ()
    """Objects whose keys no snapshot can hold, each with the reason; kops has none such."""
    seconds: float = 0.0
    error: KledError | None = None
    cure: str = ""
    """What a person types next; empty where only `mend` can say it."""
    of_store: tuple[str, ...] = ()
    """What is wrong with the snapshot store, where the run was for this cluster alone."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with it in words that name the object; empty: all of it is safe."""
        if self.error is not None:
            return (self.error.message,)
        return (
            *(f"{left_out}, and is not in the snapshot" for left_out in self.left_out),
            *self.reasons,
        )

    @property
    def mend(self) -> str:
        """What to do about it; empty where nothing is wrong."""
        if self.error is not None:
            return self.error.hint or "kled doctor tries the stores"
        if self.reasons:
            return self.cure or _CURE.format(self.cluster)
        return _MOVE if self.left_out else ""

    @property
    def trusted(self) -> bool:
        """Whether a snapshot that can be trusted holds what is there."""
        return self.error is None and not self.reasons

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "cluster": self.cluster,
            "id": self.snapshot,
            "reused": self.reused,
            "fuzzy": self.fuzzy,
            "level": self.level,
            "trusted": self.trusted,
            "reasons": list(self.reasons),
            "objects": self.objects,
            "bytes": self.size,
            "findings": list(self.findings),
            "left_out": list(self.left_out),
            "seconds": round(self.seconds, 3),
            "error": self.error.message if self.error else None,
            "mend": self.mend,
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
    nothing: KledError | None = None
    """Why there was nothing to take: a run over all that found no cluster."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "run": self.run,
            "clusters": [cluster.as_json() for cluster in self.clusters],
            "orphans": list(self.orphans),
            "warnings": list(self.warnings),
            "findings": list(self.findings),
            "error": self.nothing.message if self.nothing else None,
        }

    def require(self) -> "RunResult":
        """Raise the first cluster's error, where one failed."""
        if self.nothing is not None:
            raise self.nothing
        for cluster in self.clusters:
            if cluster.error is not None:
                raise cluster.error
        return self

    def require_whole(self) -> "RunResult":
        """Raise where not all of every cluster is in a snapshot that can be trusted.

        No cluster at all (exit status 1) is no success: so looks a store that is not mounted. A
        cluster that was not taken counts most, then an object that was left out (both exit status
        1), then a snapshot that cannot be trusted, then what is wrong with the snapshot store or
        the fleet (both 4).
        """
        if self.nothing is not None:
            raise self.nothing
        self._require_taken()
        self._require_trusted()
        if self.findings:
            raise SnapshotNotTrustworthy(
                f"every cluster was taken, but {sum_up(self.findings)}",
                hint=_FIRST_KEY if self._signs_first else _VERIFY,
            )
        return self

    @property
    def _signs_first(self) -> bool:
        """Whether the store was unsigned until this run, and nothing else is wrong with it."""
        unsigned = all(UNSIGNED in finding for finding in self.findings)
        return unsigned and any(finding.startswith(names.ROOT) for finding in self.findings)

    def _require_taken(self) -> None:
        """Raise what may pass, else the first cluster's error, else what was left out."""
        failed = [cluster for cluster in self.clusters if cluster.error is not None]
        for cluster in failed:
            if cluster.error is not None and cluster.error.retryable:
                raise cluster.error
        if failed and failed[0].error is not None:
            raise _explain_not_taken(failed[0].cluster, failed[0].error, failed[1:], self._in_all)
        left_out = [
            f"{cluster.cluster}/{left_out}"
            for cluster in self.clusters
            for left_out in cluster.left_out
        ]
        if left_out:
            many = number(len(left_out), "object") + " were" if left_out[1:] else "an object was"
            raise KledError(
                f"{many} not taken: {left_out[0]}{self._in_all}",
                hint=f"{_MOVE}; everything else is in the snapshots",
            )

    def _require_trusted(self) -> None:
        bad = [cluster for cluster in self.clusters if not cluster.trusted]
        if bad:
            first, others = bad[0], f"; nor can that of {_name_some(bad[1:])}" if bad[1:] else ""
            raise SnapshotNotTrustworthy(
                f"snapshot {first.snapshot} of {first.cluster} cannot be trusted:"
                f" {sum_up(first.reasons)}{others}",
                hint=first.mend,
            )

    @property
    def _in_all(self) -> str:
        """Say how many clusters have something wrong, where an error can name one kind alone."""
        bad = sum(bool(cluster.problems) for cluster in self.clusters)
        return f"; {bad} of {len(self.clusters)} clusters have something wrong" if bad > 1 else ""


def _explain_not_taken(
    cluster: str, error: KledError, others: Sequence[ClusterResult], in_all: str
) -> KledError:
    """Return what to raise for a cluster that was not taken: exit status 1, whatever kept it."""
    if error.exit_code == KledError.exit_code and not in_all:
        return error
    more = (f"; nor was {_name_some(others)}" if others else "") + in_all
    failure = KledError(
        f'cluster "{cluster}" was not taken: {error.message}{more}', hint=error.hint
    )
    failure.__cause__ = error
    return failure


def _name_some(clusters: Sequence[ClusterResult]) -> str:
    return enumerated([result.cluster for result in clusters], _SHOWN)
