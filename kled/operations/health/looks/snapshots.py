"""Judges what of a cluster could be brought back from its snapshots, and how old that is.

A snapshot that a later run found to hold all that is there is as good as one of that run: the
recovery point is when a run last saw so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kled.errors import KledError, SnapshotMissing, SnapshotNotTrustworthy
from kled.kops.state_store import etcd_catalogue
from kled.models.health_finding import ALL, HealthFinding, Look, State
from kled.operations.health.looks.ages import ago, length
from kled.operations.health.looks.stored import StoredCluster
from kled.sentences import options
from kled.targets import Targets

if TYPE_CHECKING:
    from kled.snapshot.choosing import Choice
    from kled.snapshot.documents.manifest import Manifest
    from kled.snapshot.trust.ledger import Ledger

LOOK: Final[Look] = "snapshots"
STATE: Final = "state"
NO_STORE: Final = HealthFinding(
    ALL,
    LOOK,
    "",
    "warning",
    "no snapshot store is named: what the state store loses is lost, keys and etcd backups too",
    "export KLED_SNAPSHOT_STORE=s3://BUCKET, another bucket, best in another account; then"
    " kled snapshot create",
)


@dataclass(frozen=True, slots=True)
class Recoverable:
    """What the newest trusted snapshot of a cluster brings back."""

    snapshot: str
    state: datetime
    """When the snapshot, or a later run, saw the state store as the snapshot has it."""
    etcd: dict[str, datetime | None]
    """When the newest whole etcd backup in it was taken, of each etcd cluster that it knows; None:
    it has none."""
    level: int


def find_recoverable(ledger: "Ledger", cluster: str) -> Recoverable:
    """Return what the newest trusted snapshot of a cluster brings back.

    Raises `SnapshotMissing` and `SnapshotNotTrustworthy` where there is none, and what the snapshot
    store raises. Costs what choosing the newest trusted snapshot costs (`choosing.make_choice`).
    """
    from kled.snapshot.choosing import LATEST, judge_choice, make_choice  # noqa: PLC0415

    choice = make_choice(ledger.snapshots, cluster, LATEST, ledger=ledger)
    judged = judge_choice(choice, None, ledger)
    etcd = {} if judged.manifest is None else _etcd_moments(judged.manifest)
    return Recoverable(choice.ref.id, _seen(ledger, choice), etcd, judged.trust.level or 0)


def _seen(ledger: "Ledger", choice: "Choice") -> datetime:
    from kled.snapshot.documents import names  # noqa: PLC0415 - not for --help

    entry = ledger.entry(choice.ref.cluster)
    if entry is not None and entry.run and entry.snapshot == choice.ref.id and not entry.error:
        return max(names.moment(entry.run), choice.ref.created)
    return choice.ref.created


def _etcd_moments(manifest: "Manifest") -> dict[str, datetime | None]:
    return {etcd: _etcd_moment(manifest, etcd) for etcd in sorted(manifest.etcd_backups)}


def _etcd_moment(manifest: "Manifest", etcd: str) -> datetime | None:
    """Return when the newest whole backup of an etcd cluster in a snapshot was taken."""
    place = f"backups/etcd/{etcd}/"
    listed = etcd_catalogue.catalogue(etcd, manifest.objects, place)
    whole = {*manifest.whole_backups(etcd)}
    return next((backup.taken for backup in listed.backups if backup.name in whole), None)


def judge_snapshots(
    known: StoredCluster, found_point: Recoverable | KledError, now: datetime, targets: Targets
) -> Iterator[HealthFinding]:
    """Yield the age and the level of what could be brought back, of the state and of each etcd.

    Pure. Of a cluster that was never applied nothing but its definition could be lost.
    """
    cluster = known.cluster
    if isinstance(found_point, KledError):
        yield _without(known, found_point)
        return
    yield _of_state(cluster, found_point, now, targets)
    for etcd, taken in found_point.etcd.items():
        yield _of_etcd(known, found_point, etcd, taken, now, targets)


def _without(known: StoredCluster, error: KledError) -> HealthFinding:
    definite = isinstance(error, SnapshotMissing | SnapshotNotTrustworthy)
    state: State = "unknown" if not definite else "failed" if known.is_applied else "warning"
    take = f"kled snapshot create {options(name=known.cluster)}"
    mend = take if isinstance(error, SnapshotMissing) or not error.hint else error.hint
    return HealthFinding(known.cluster, LOOK, STATE, state, error.message, mend)


def _of_state(cluster: str, point: Recoverable, now: datetime, targets: Targets) -> HealthFinding:
    age = max(now - point.state, timedelta(0))
    message = f"what snapshot {point.snapshot} has is {ago(age)}, proved to level {point.level}"
    take = f"kled snapshot create {options(name=cluster)}"
    if age > targets.snapshot_age:
        message = f"{message}; at most {length(targets.snapshot_age)} are wanted"
        mend = f"{take}; is the schedule of back-up-state awake? kled doctor"
        return HealthFinding(cluster, LOOK, STATE, "failed", message, mend, age, age)
    if point.level < targets.snapshot_level:
        message = f"{message}, and level {targets.snapshot_level} is wanted"
        mend = (
            f"kled snapshot verify {options(name=cluster, level=targets.snapshot_level)}"
            " proves it, where an identity opens it"
        )
        return HealthFinding(cluster, LOOK, STATE, "warning", message, mend, age, age)
    return HealthFinding(cluster, LOOK, STATE, "ok", message, age=age, rpo=age)


def _of_etcd(
    known: StoredCluster,
    point: Recoverable,
    etcd: str,
    taken: datetime | None,
    now: datetime,
    targets: Targets,
) -> HealthFinding:
    cluster, about = known.cluster, f"etcd {etcd}"
    take = f"kled snapshot create {options(name=cluster)}"
    if taken is None:
        message = f"snapshot {point.snapshot} has no whole, dated backup of it"
        return HealthFinding(cluster, LOOK, about, "warning", message, take)
    age = max(now - taken, timedelta(0))
    every = etcd_catalogue.intervals(known.document).get(etcd, etcd_catalogue.INTERVAL)
    most = targets.snapshot_age + targets.etcd_backup_intervals * every
    message = f"its newest backup in snapshot {point.snapshot} is {ago(age)}"
    if age > most:
        message = f"{message}; at most {length(most)} are wanted"
        return HealthFinding(cluster, LOOK, about, "warning", message, take, age, age)
    return HealthFinding(cluster, LOOK, about, "ok", message, age=age, rpo=age)
