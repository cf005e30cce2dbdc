"""A copy of a state store has no machines: they are those of the cluster that it was copied from.

The definition of the copy may name its new place by then. What kops applied last goes along with a
copy, and names the place that it was applied from.
"""

from kled.errors import DocumentDamaged, KledError, NotApproved, ObjectMissing
from kled.kops.state_store import contents, layout
from kled.operations.guards import own_places
from kled.operations.recovery.known_epoch import here, known_epoch
from kled.operations.session import Session
from kled.sentences import options
from kled.storage.bounded import get_bounded
from kled.store_urls import is_among, is_same


def require_applied_here(session: Session, cluster: str) -> None:
    """Raise `NotApproved` where the cluster was applied from a state store that has it still.

    A move that was written down by its epoch is none; a place that cannot be asked, or lacks the
    cluster, may be the former one of a store that was renamed or lost. Only reads.
    """
    applied = _applied_from(session, cluster)
    if applied is None or is_same(applied, here(session)) or _was_moved(session, cluster, applied):
        return
    try:
        there = own_places.home_at(session, f"{applied}/{cluster}")
    except KledError:
        return
    if there:
        named = options(name=cluster, state=applied)
        raise NotApproved(
            f'cluster "{cluster}" was applied from {applied}, which has it still: its machines are'
            " that one's; nothing was changed",
            hint=f"to delete it, there: kled kops delete-cluster {named}; the copy here alone goes"
            f" with kled kops delete-cluster {options(name=cluster)} --unregister; where the"
            " cluster was moved here, say so first: kled snapshot epoch raise"
            f" {options(name=cluster)}",
        )


def _applied_from(session: Session, cluster: str) -> str | None:
    """Return the state store that the applied definition names; None where it names none."""
    try:
        body = get_bounded(session.state_store, f"{cluster}/{layout.COMPLETED}").body
    except (ObjectMissing, DocumentDamaged):  # nothing was applied, or nobody can tell
        return None
    return own_places.state_store_of(contents.mapping(body) or {}, cluster)


def _was_moved(session: Session, cluster: str, applied: str) -> bool:
    """Whether the cluster's epoch says that it lives here and lived there."""
    if session.settings.snapshot_store is None:
        return False
    known = known_epoch(session, cluster)
    lives = known is not None and not known.vacant and is_same(known.state_store, here(session))
    return bool(lives and known and known.homes and is_among(applied, known.homes))
