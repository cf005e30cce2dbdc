"""A mere copy of a cluster in another state store can be forgotten without a trace of the cluster.

It has no machines, and no key that its original lacks. So it needs neither an epoch nor a final
snapshot, and what its definition names outside of its own prefix belongs to the original and stays.
"""

from collections.abc import Iterator

from kled.errors import DocumentDamaged, KledError, NotApproved, ObjectMissing
from kled.kops.state_store import contents, layout
from kled.operations.guards import applied_elsewhere, own_places
from kled.operations.guards.applied_from import other_homes
from kled.operations.identity.same_keys import other_keys
from kled.operations.recovery.known_epoch import here
from kled.operations.session import Session
from kled.storage.bounded import get_bounded
from kled.store_urls import is_same


def original_of(session: Session, cluster: str) -> str | None:
    """Return the URL of the state store with the original; None where this is not a mere copy.

    A cluster with a key that the other one lacks is not a copy, nor is one that has moved here as
    its epoch says. Only reads.
    """
    for home in _named(session, cluster):
        if applied_elsewhere.was_moved(session, cluster, home):
            continue
        try:
            original = own_places.home_at(session, f"{home}/{cluster}")
            if original and not other_keys(session.state_store, session.other_store(home), cluster):
                return home
        except KledError:  # a store that does not answer is no original
            continue
    return None


def require_original(session: Session, cluster: str) -> None:
    """Raise `NotApproved` where a mere copy would name its own place. Only reads.

    Its own place would not make the machines its own.
    """
    home = original_of(session, cluster)
    if home is None:
        return
    moved = applied_elsewhere.command_that_moves(session, cluster, home)
    raise NotApproved(
        f'cluster "{cluster}" is a copy of the one in {home}, which has it still; nothing was'
        " stored",
        hint=f"the copy goes with {applied_elsewhere.command_that_forgets(session, cluster)}; only"
        " where the cluster was moved here, so that nobody uses that one any more:"
        f" {moved}, which has it name its own place, too",
    )


def _named(session: Session, cluster: str) -> Iterator[str]:
    store = session.state_store
    try:
        yield from other_homes(store, cluster)
        body = get_bounded(store, f"{cluster}/{layout.CONFIG}").body
    except (ObjectMissing, DocumentDamaged):
        return
    named = own_places.state_store_of(contents.mapping(body) or {}, cluster)
    if named is not None and not is_same(named, here(session)):
        yield named
