"""What comes before every change of a cluster: its epoch is checked, and a snapshot is taken.

One place for all operations: whoever executes an operation executes `steps_of` it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kled.config import Settings
from kled.errors import (
    ClusterNotFound,
    NotApproved,
    ObjectMissing,
    SnapshotMissing,
    SnapshotNotTrustworthy,
    StoreError,
)
from kled.kops.layout import CONFIG
from kled.operations import stores
from kled.operations.session import Session, require_state_store
from kled.operations.step import Operation, Step
from kled.retry import CHANGE, READ, Clock

if TYPE_CHECKING:
    from kled.snapshot.results import ClusterResult

SNAPSHOT: Final = "take a snapshot"
FIRST: Final = "take the first snapshot"
"""After a cluster was made: its CA keys exist nowhere else."""
ABSENT: Final = "there is nothing to snapshot yet"
_CONTENTS: Final = 1
_UPLOAD: Final = replace(READ, deadline=CHANGE.deadline)
"""Large etcd backups take their time, but nobody waits minutes for a store that is down."""
_REFUSED: Final = (
    "a change begins with a snapshot, which has to be written there: mend that (kled doctor tries"
    " it), or go without one in an emergency: --no-snapshot"
)
_UNREACHABLE: Final = (
    "no cluster is changed while its snapshot store cannot be asked; in an emergency:"
    " --no-epoch --no-snapshot"
)


def steps_of(operation: Operation, session: Session) -> Sequence[Step]:
    """Return the operation's steps, with what protects the cluster before the first of them.

    Where no snapshot store is configured, nothing is added: there is neither epoch nor snapshot.
    An operation that `destroys` its cluster needs a verified snapshot, and its epoch ends with it;
    one that `creates` it ends with a snapshot of what it made.
    What an operation looks at first (`Step.reads`) comes before the snapshot.
    """
    if not operation.mutates or session.settings.snapshot_store is None:
        return operation.steps()
    cluster, destroys = operation.cluster, bool(getattr(operation, "destroys", False))
    steps = list(operation.steps())
    if session.who.snapshot_first:
        may_be_gone = destroys or bool(getattr(operation, "restores", False))
        guard = snapshot_step(cluster, verified=destroys, may_be_gone=may_be_gone)
        steps.insert(_first_change(steps), guard)
        if getattr(operation, "creates", False):
            steps.append(replace(snapshot_step(cluster), name=FIRST))
    if session.who.epoch_checked:
        steps.insert(0, epoch_step(cluster))
        steps += [vacate_step(cluster)] if destroys else []
    return steps


def _first_change(steps: Sequence[Step]) -> int:
    return next((at for at, step in enumerate(steps) if not step.reads), len(steps))


def epoch_step(cluster: str) -> Step:
    """Raise `EpochMismatch` where recovery moved the cluster to another state store.

    Safe to repeat: the first check of a cluster that is there writes its epoch, later ones compare.
    """

    def act(session: Session) -> str:
        return check_epoch(session.settings, session.clock, cluster)

    return Step("check epoch", act, READ)


def check_epoch(settings: Settings, clock: Clock, cluster: str) -> str:
    """Check the epoch now; return it in words. A name that is no cluster here binds nothing."""
    from kled.snapshot import epoch  # noqa: PLC0415 - only where snapshots are kept

    with _advised():
        snapshots = stores.snapshot_store(settings, clock)
        known = epoch.read(snapshots, cluster)
        if (known is None or known.vacant) and not _is_there(settings, clock, cluster):
            return "none yet: the cluster is not there"
        found = epoch.check(snapshots, cluster, require_state_store(settings))
    return f"epoch {found.number}"


def vacate_step(cluster: str) -> Step:
    """End the epoch of a cluster that is gone, so that it may be made anew in any state store.

    Safe to repeat. Killed before it, the old state store stays the cluster's place.
    """

    def act(session: Session) -> str:
        from kled.snapshot import epoch  # noqa: PLC0415

        if _is_there(session.settings, session.clock, cluster):
            return "the cluster is still there"
        snapshots = stores.snapshot_store(session.settings, session.clock)
        epoch.vacate(snapshots, cluster, require_state_store(session.settings))
        return "the cluster may be made anew anywhere"

    return Step("end epoch", act, READ)


def snapshot_step(cluster: str, *, verified: bool = False, may_be_gone: bool = False) -> Step:
    """Take a snapshot before anything is changed; where nothing is new, the newest one counts.

    Safe to repeat and to kill: a snapshot exists when its manifest does. A cluster that is not
    there yet has nothing to lose; one that was there and is gone raises `NotApproved`, unless it
    `may_be_gone`: a deletion that is run again, or a restore. With `verified` the snapshot must be
    complete and of one moment.
    """

    def act(session: Session) -> str:
        with _advised():
            result = _taken(session, cluster)
            if result is None:
                if not may_be_gone:
                    _refuse_lost(session, cluster)
                return ABSENT
            if verified and not _is_whole(session, result):
                result = _taken(session, cluster, reuse=False) or result
        if verified:
            _require_verified(result)
        sealed = session.settings.snapshot_profile.recipients
        return _words(result) + ("" if sealed else "; NOT ENCRYPTED")

    return Step(SNAPSHOT, act, _UPLOAD, way_back="kled snapshot prune removes it in its time")


def _refuse_lost(session: Session, cluster: str) -> None:
    """Raise `NotApproved` where the cluster lived here and nobody deleted it with kled.

    kops would make a new one over it, with new CA keys that no running machine trusts.
    """
    from kled.snapshot import epoch  # noqa: PLC0415

    snapshots = stores.snapshot_store(session.settings, session.clock)
    found = epoch.read(snapshots, cluster)
    if found is None or found.vacant:
        return
    newest = [ref.id for ref in snapshots.list(cluster)][-1:]
    if newest and found.state_store == require_state_store(session.settings):
        raise NotApproved(
            f'cluster "{cluster}" is gone from the state store, and kled did not delete it',
            hint=f"to put it back: kled snapshot restore --name={cluster}"
            f" --snapshot={newest[0]} --yes; to begin anew with other keys: --no-snapshot",
        )


def _taken(session: Session, cluster: str, *, reuse: bool = True) -> "ClusterResult | None":
    """Return the snapshot that holds what is there now; None where there is no such cluster."""
    from kled.operations.snapshots import back_up  # noqa: PLC0415
    from kled.snapshot.progress import Quiet  # noqa: PLC0415

    found = back_up(session.settings, [cluster], clock=session.clock, progress=Quiet(), reuse=reuse)
    if isinstance(found.clusters[0].error, ClusterNotFound):
        return None
    return found.require().clusters[0]


def _is_whole(session: Session, result: "ClusterResult") -> bool:
    """Read the snapshot back: an earlier one that still counts may be damaged, or removed."""
    from kled.operations.snapshots import verify_many  # noqa: PLC0415
    from kled.snapshot.progress import Quiet  # noqa: PLC0415
    from kled.snapshot.repository import SnapshotRef  # noqa: PLC0415

    snapshots = stores.snapshot_store(session.settings, session.clock)
    ref = SnapshotRef(result.cluster, result.snapshot or "")
    try:
        (report,) = verify_many(session.settings, snapshots, [ref], level=0, progress=Quiet())
    except SnapshotMissing:
        return False
    return report.trustworthy


def _require_verified(result: "ClusterResult") -> None:
    """Raise `SnapshotNotTrustworthy` where a cluster could not be brought back from it."""
    wrong = list(result.findings)
    if result.fuzzy:
        wrong.append("the state store was written to meanwhile, so it may mix two states")
    if not wrong and result.level >= _CONTENTS:
        return
    words = "; ".join(wrong) or f"only level {result.level} is proved"
    raise SnapshotNotTrustworthy(
        f"snapshot {result.snapshot} cannot bring the cluster back: {words}",
        hint="mend it or run this again; --no-snapshot deletes the cluster all the same",
    )


@contextmanager
def _advised() -> Iterator[None]:
    """Add the way out to an error of a store that does not name one."""
    try:
        yield
    except StoreError as error:
        error.hint = error.hint or (_UNREACHABLE if error.retryable else _REFUSED)
        raise


def _is_there(settings: Settings, clock: Clock, cluster: str) -> bool:
    try:
        stores.state_store(settings, clock).get(f"{cluster}/{CONFIG}")
    except ObjectMissing:
        return False
    return True


def _words(result: "ClusterResult") -> str:
    kept = "nothing is new since" if result.reused else "snapshot"
    fuzzy = "; it may mix two states" if result.fuzzy else ""
    missing = f"; {'; '.join(result.findings)}" if result.findings else ""
    return f"{kept} {result.snapshot} (level {result.level}){fuzzy}{missing}"
