"""A copy of a state store has no machines: they belong to the cluster that it was copied from.

The same holds for what a drill restored. So every operation that lets kops change a cluster's cloud
first looks whether the state store that the cluster came from still has it.
"""

from typing import TYPE_CHECKING

from kled.errors import KledError, NotApproved
from kled.operations.guards import own_places
from kled.operations.guards.applied_from import other_homes
from kled.operations.recovery.known_epoch import here, known_epoch
from kled.operations.session import Session
from kled.sentences import options
from kled.snapshot.epoch.raising import raise_command
from kled.store_urls import is_among, is_same

if TYPE_CHECKING:
    from kled.snapshot.epoch.epoch import Epoch


def require_applied_here(session: Session, cluster: str, *, deletes: bool = False) -> None:
    """Raise `NotApproved` where the cluster came from a state store that still has it.

    A move that the epoch has recorded is accepted. So is a former place that does not answer, or
    that lacks the cluster: it may be the earlier name of a store that was renamed or lost. Only
    reads. The hint is for a change, or for the operation that `deletes` the cluster.
    """
    for home in other_homes(session.state_store, cluster):
        if was_moved(session, cluster, home):
            continue
        try:
            still_there = own_places.home_at(session, f"{home}/{cluster}")
        except KledError:
            continue
        if still_there:
            raise NotApproved(
                f'cluster "{cluster}" was applied from {home}, which has it still: its machines'
                " are that one's; nothing was changed",
                hint=_advice(session, cluster, home, deletes=deletes),
            )


def _advice(session: Session, cluster: str, home: str, *, deletes: bool) -> str:
    original, moved = options(name=cluster, state=home), command_that_moves(session, cluster, home)
    alone = command_that_forgets(session, cluster)
    if deletes:
        return (
            f"to delete it, there: kled kops delete-cluster {original}; the copy here alone goes"
            f" with {alone}; where the cluster was moved here, say so first: {moved}"
        )
    return (
        f"is this a copy, or a drill? the way to the cluster: kled kops update-cluster {original};"
        f" the copy here goes with {alone}; only where it was moved here, so that nobody uses that"
        f" one any more, say so first: {moved}"
    )


def command_that_forgets(session: Session, cluster: str) -> str:
    """Return the command that forgets the copy in the state store at hand, and nothing else."""
    forgets = options(name=cluster, state=here(session), unregister=True)
    return f"kled kops delete-cluster {forgets}"


def command_that_moves(session: Session, cluster: str, former: str) -> str:
    """Return the command that records that the cluster moved here from its `former` home."""
    return raise_command(cluster, here(session), former)


def was_moved(session: Session, cluster: str, applied: str) -> bool:
    """Say whether the cluster's epoch records that it lives here and lived there. Only reads.

    An epoch that an early kled raised lists no former homes; it was raised for this store all the
    same.
    """
    if session.settings.snapshot_store is None:
        return False
    known = known_epoch(session, cluster)
    if known is None or known.vacant or not is_same(known.state_store, here(session)):
        return False
    return _left(known, applied)


def _left(known: "Epoch", applied: str) -> bool:
    if known.homes is None:
        return known.number > 1
    return is_among(applied, known.homes)
