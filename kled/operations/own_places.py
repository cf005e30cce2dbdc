"""A cluster's keys, secrets and backups are where no other cluster lives."""

from kled.errors import NotApproved, StoreError
from kled.kops import places
from kled.operations import registered
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ

NOTHING = "no other registered cluster lives where it keeps its state"


def require(session: Session, cluster: str, *, deletes: bool = False) -> str:
    """Return in words that nobody else lives where the cluster keeps its state; only reads.

    Raises `NotApproved` that names the other cluster. For a deletion others are also looked at
    whose places lie within this cluster's own part of the state store; an update needs to ask
    nobody while everything is there.
    """
    mine = registered.home(session.state_store, cluster)
    if mine is None:
        return NOTHING
    strays = tuple(places.elsewhere(mine.cluster, mine.root))
    discovery = places.discovery(mine)
    if not (deletes or strays or discovery):
        return NOTHING
    try:
        away = bool(strays or discovery)
        others = tuple(registered.homes(session, but=cluster, everywhere=away))
    except StoreError as error:
        where = ", ".join(f"{one.field} ({one.url})" for one in strays) or "its clusters"
        error.hint = f"{error.hint or 'mend it'}; who else lives at {where} has to be known first"
        raise
    found = places.collisions(mine, others)
    if found:
        raise _refusal(mine, found)
    said = ", ".join(f"{one.field} is elsewhere, at {one.url}" for one in strays)
    return said or NOTHING


def step(cluster: str) -> Step:
    """Refuse a deletion that takes another cluster's state with it.

    Safe to repeat: it only reads. It comes before the snapshot: what is refused costs none.
    """

    def act(session: Session) -> str:
        return require(session, cluster, deletes=True)

    return Step("check where its state is", act, READ, reads=True)


def _refusal(mine: places.Home, found: tuple[places.Collision, ...]) -> NotApproved:
    first, more = found[0], f"; and {len(found) - 1} more" if len(found) > 1 else ""
    if first.place.url == mine.root:
        return NotApproved(
            f'cluster "{first.cluster}" of {first.state_store} keeps its state within {mine.root},'
            f" which is cluster {mine.name}'s own{more}; nothing was changed",
            hint=f"mend the definition of {first.cluster} first (kops edit cluster"
            f" {first.cluster}): its configBase, keyStore, secretStore or backupStore",
        )
    return NotApproved(
        f"{first}{more}; nothing was changed",
        hint=f"mend {first.place.field} first (kops edit cluster {mine.name}): its own place is"
        f" {mine.root}, or below it",
    )
