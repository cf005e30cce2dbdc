"""Whether a stored cluster was ever applied: else nothing in any cloud lives by its definition."""

from collections.abc import Callable
from typing import Final

from kled.kops.state_store import layout
from kled.operations.session import Session

_BY_AN_UPDATE: Final = (layout.KEYSETS, "backups/")


def was_applied(session: Session, cluster: str) -> bool:
    """Whether the state store has anything of it that only an update or its machines write.

    Only reads. Keysets count, whoever made them: a definition with keys is somebody's identity.
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
    """Return what says whether the cluster was not applied yet when it was asked first.

    So a second attempt still knows it, when the first one has made a part.
    """
    told: list[bool] = []

    def is_first(session: Session) -> bool:
        if not told:
            told.append(not was_applied(session, cluster))
        return told[0]

    return is_first
