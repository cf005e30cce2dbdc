"""What comes before every change of a cluster: its epoch is checked, and a snapshot is taken.

One place for all operations: whoever executes an operation executes `steps_of` it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kled.config import Settings
from kled.errors import KledError, NotApproved, ObjectMissing
from kled.kops.layout import CONFIG
from kled.operations import stores
from kled.operations.final_snapshot import final_step
from kled.operations.session import Session, require_state_store
from kled.operations.step import Operation, Step
from kled.operations.taken_snapshot import advised, taken, words
from kled.retry import CHANGE, READ, Clock

SNAPSHOT: Final = "take a snapshot"
FIRST: Final = "take the first snapshot"
"""After a cluster was made: its CA keys exist nowhere else."""
ABSENT: Final = "there is nothing to snapshot yet"
_UPLOAD: Final = replace(READ, deadline=CHANGE.deadline)
"""Large etcd backups take their time, but nobody waits minutes for a store that is down."""


def steps_of(operation: Operation, session: Session) -> Sequence[Step]:
    """Return the operation's steps, with what protects the cluster before the first of them.

    Where no snapshot store is configured, nothing is added: there is neither epoch nor snapshot.
    An operation that `destroys` its cluster needs a final snapshot (`final_snapshot`), and the
    cluster's epoch ends with it; one that `creates` it ends with a snapshot of what it made.
    What an operation looks at first (`Step.reads`) comes before the snapshot.
    """
    if not operation.mutates or session.settings.snapshot_store is None:
        return operation.steps()
    cluster, destroys = operation.cluster, bool(getattr(operation, "destroys", False))
    steps = list(operation.steps())
    if session.who.snapshot_first:
        restores = bool(getattr(operation, "restores", False))
        guard = final_step(cluster) if destroys else snapshot_step(cluster, may_be_gone=restores)
        steps.insert(_first_change(steps), guard)
        if getattr(operation, "creates", False):
            steps.append(replace(snapshot_step(cluster), name=FIRST))
    if session.who.epoch_checked:
        if destroys:
            steps.insert(_first_change(steps) + session.who.snapshot_first, announce_step(cluster))
            steps.append(vacate_step(cluster))
        steps.insert(0, epoch_step(cluster, ends=destroys))
    return steps


def _first_change(steps: Sequence[Step]) -> int:
    return next((at for at, step in enumerate(steps) if not step.reads), len(steps))


def epoch_step(cluster: str, *, ends: bool = False) -> Step:
    """Raise `EpochMismatch` where recovery moved the cluster to another state store.

    Safe to repeat: the first check of a cluster that is there writes its epoch, later ones compare.
    """

    def act(session: Session) -> str:
        return check_epoch(session.settings, session.clock, cluster, ends=ends)

    return Step("check epoch", act, READ)


def check_epoch(settings: Settings, clock: Clock, cluster: str, *, ends: bool = False) -> str:
    """Check the epoch now; return it in words. A name that is no cluster here binds nothing.

    Unless the cluster `ends`, an announcement that it does is taken back where it is there.
    """
    from kled.snapshot import epoch  # noqa: PLC0415 - only where snapshots are kept

    here = require_state_store(settings)
    with advised():
        snapshots = stores.snapshot_store(settings, clock)
        known = epoch.read(snapshots, cluster)
        if known is not None and known.ends and known.state_store != here:
            _end_elsewhere(settings, clock, cluster, known.state_store)
            known = epoch.read(snapshots, cluster)
        if (known is None or known.vacant) and not _is_there(settings, clock, cluster):
            return "none yet: the cluster is not there"
        found = epoch.check(snapshots, cluster, here)
        if found.ends and not ends and _is_there(settings, clock, cluster):
            epoch.announce_end(snapshots, cluster, here, ends=False)
    return f"epoch {found.number}"


def _end_elsewhere(settings: Settings, clock: Clock, cluster: str, url: str) -> None:
    """End the epoch of a deletion that was killed when the cluster was gone from its store.

    Where that store cannot be asked, or still has the cluster, it stays the cluster's place.
    """
    from kled.snapshot import epoch  # noqa: PLC0415

    try:
        stores.other_store(settings, url, clock).get(f"{cluster}/{CONFIG}")
    except ObjectMissing:
        epoch.vacate(stores.snapshot_store(settings, clock), cluster, url)
    except KledError:
        return


def announce_step(cluster: str) -> Step:
    """Write down that the cluster is about to be deleted, so that nobody takes it for lost.

    Safe to repeat and to kill: a later change of the cluster, which is there then, takes it back.
    """

    def act(session: Session) -> str:
        from kled.snapshot import epoch  # noqa: PLC0415

        here = require_state_store(session.settings)
        with advised():
            snapshots = stores.snapshot_store(session.settings, session.clock)
            epoch.announce_end(snapshots, cluster, here, ends=True)
        return "whoever finds it gone knows why"

    return Step("announce deletion", act, READ, way_back="any later change of the cluster")


def vacate_step(cluster: str) -> Step:
    """End the epoch of a cluster that is gone, so that it may be made anew in any state store.

    Safe to repeat. Killed before it, the deletion is known to be under way (`announce_step`): the
    next change of a cluster of that name ends the epoch, wherever it is made.
    """

    def act(session: Session) -> str:
        from kled.snapshot import epoch  # noqa: PLC0415

        if _is_there(session.settings, session.clock, cluster):
            return "the cluster is still there"
        snapshots = stores.snapshot_store(session.settings, session.clock)
        epoch.vacate(snapshots, cluster, require_state_store(session.settings))
        return "the cluster may be made anew anywhere"

    return Step("end epoch", act, READ)


def snapshot_step(cluster: str, *, may_be_gone: bool = False) -> Step:
    """Take a snapshot before anything is changed; where nothing is new, the newest one counts.

    Safe to repeat and to kill: a snapshot exists when its manifest does. A cluster that is not
    there yet has nothing to lose; one that was there and is gone raises `NotApproved`, unless it
    `may_be_gone`, as for a restore.
    """

    def act(session: Session) -> str:
        with advised():
            result = taken(session, cluster)
            if result is None:
                if not may_be_gone:
                    _refuse_lost(session, cluster)
                return ABSENT
        return words(session, result)

    return Step(SNAPSHOT, act, _UPLOAD, way_back="kled snapshot prune removes it in its time")


def _refuse_lost(session: Session, cluster: str) -> None:
    """Raise `NotApproved` where the cluster lived here and nobody deleted it with kled.

    kops would make a new one over it, with new CA keys that no running machine trusts.
    """
    from kled.snapshot import epoch  # noqa: PLC0415

    snapshots = stores.snapshot_store(session.settings, session.clock)
    found = epoch.read(snapshots, cluster)
    if found is None or found.vacant or found.ends:
        return
    newest = [ref.id for ref in snapshots.list(cluster)][-1:]
    if newest and found.state_store == require_state_store(session.settings):
        raise NotApproved(
            f'cluster "{cluster}" is gone from the state store, and kled did not delete it',
            hint=f"to put it back: kled snapshot restore --name={cluster}"
            f" --snapshot={newest[0]} --yes; to begin anew with other keys: --no-snapshot",
        )


def _is_there(settings: Settings, clock: Clock, cluster: str) -> bool:
    try:
        stores.state_store(settings, clock).get(f"{cluster}/{CONFIG}")
    except ObjectMissing:
        return False
    return True
