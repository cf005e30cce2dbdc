"""What comes before every change of a cluster: its epoch is checked, and a snapshot is taken.

One place for all operations: whoever executes an operation executes `steps_of` it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kled.errors import ClusterNotFound
from kled.operations import stores
from kled.operations.session import Session, require_state_store
from kled.operations.step import Operation, Step
from kled.retry import CHANGE

if TYPE_CHECKING:
    from kled.snapshot.results import ClusterResult

SNAPSHOT = "take a snapshot"
ABSENT = "there is nothing to snapshot yet"


def steps_of(operation: Operation, session: Session) -> Sequence[Step]:
    """Return the operation's steps, with what protects the cluster before the first of them.

    Where no snapshot store is configured, nothing is added: there is neither epoch nor snapshot.
    """
    if not operation.mutates or session.settings.snapshot_store is None:
        return operation.steps()
    return (*_guards(operation.cluster, session), *operation.steps())


def _guards(cluster: str, session: Session) -> Sequence[Step]:
    guards = []
    if session.who.epoch_checked:
        guards.append(epoch_step(cluster))
    if session.who.snapshot_first:
        guards.append(snapshot_step(cluster))
    return guards


def epoch_step(cluster: str) -> Step:
    """Raise `EpochMismatch` where recovery moved the cluster to another state store.

    Safe to repeat: the first check of a cluster writes its epoch, later ones compare.
    """

    def act(session: Session) -> str:
        from kled.snapshot import epoch  # noqa: PLC0415 - only where snapshots are kept

        snapshots = stores.snapshot_store(session.settings, session.clock)
        found = epoch.check(snapshots, cluster, require_state_store(session.settings))
        return f"epoch {found.number}"

    return Step("check epoch", act, CHANGE)


def snapshot_step(cluster: str) -> Step:
    """Take a snapshot before anything is changed; where nothing is new, the newest one counts.

    Safe to repeat and to kill: a snapshot exists when its manifest does. A cluster that is not
    there yet has nothing to lose.
    """

    def act(session: Session) -> str:
        from kled.operations.snapshots import back_up  # noqa: PLC0415
        from kled.snapshot.progress import Quiet  # noqa: PLC0415

        found = back_up(session.settings, [cluster], clock=session.clock, progress=Quiet())
        result = found.clusters[0]
        if isinstance(result.error, ClusterNotFound):
            return ABSENT
        found.require()
        return _words(result)

    return Step(SNAPSHOT, act, CHANGE, way_back="kled snapshot prune removes it in its time")


def _words(result: "ClusterResult") -> str:
    kept = "nothing is new since" if result.reused else "snapshot"
    fuzzy = "; it may mix two states" if result.fuzzy else ""
    missing = f"; {'; '.join(result.findings)}" if result.findings else ""
    return f"{kept} {result.snapshot} (level {result.level}){fuzzy}{missing}"
