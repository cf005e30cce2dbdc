"""Whether a cluster was ever applied; before that no cloud resource depends on its definition."""

from collections.abc import Callable
from typing import Final

from kled.kops.state_store import layout
from kled.operations.session import Session

_BY_AN_UPDATE: Final = (layout.KEYSETS, "backups/")


def was_applied(session: Session, cluster: str) -> bool:
    """Say whether the state store has an object that only an update or the machines write.

    Only reads. Keysets count, even where a person made them: a definition with keys is an identity.
    """
    prefix = f"{cluster}/"
    for entry in session.state_store.entries(prefix):
        key = entry.key.removeprefix(prefix)
        if layout.kind_of(key) == "derived" and not key.startswith("addons/"):
            return True
        if key.startswith(_BY_AN_UPDATE):
            return True
    return False


def first_time(cluster: str) -> Callable[[Session], bool]:
    """Return a function that says whether the cluster was still unapplied when it was first called.

    The answer is kept, so that a second attempt knows it although the first has applied a part.
    """
    told: list[bool] = []

    def is_first(session: Session) -> bool:
        if not told:
            told.append(not was_applied(session, cluster))
        return told[0]

    return is_first
